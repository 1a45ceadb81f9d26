/** What a line of the access log looks like. Adding a format is a line here. */
import type { Config } from '@lb/shared/config/schema/root';
import type { Exchange } from '../request/exchange.ts';
import type { Ending } from '../request/finish-exchange.ts';
import { CombinedFormat } from './combined-format.ts';
import { EcsFormat } from './ecs-format.ts';
import type { LineBuffer } from './line-buffer.ts';
import { JsonFormat } from './json-format.ts';
import { Redaction } from './redaction.ts';
import { TemplateFormat } from './template-format.ts';

export interface LineFormat {
  /**
   * Puts a line into the buffer, without its line end: ASCII, whatever the request holds, and never longer than a pipe takes in
   * one piece. @param wallMs when the request was over
   */
  write(line: LineBuffer, exchange: Exchange, ending: Ending, wallMs: number): void;
}

export function lineFormat({ format, redact }: Config['log']['access']): LineFormat {
  const redaction = new Redaction(redact);
  switch (format) {
    case 'json':
      return new JsonFormat(redaction);
    case 'combined':
      return new CombinedFormat(redaction);
    case 'ecs':
      return new EcsFormat(redaction);
    default:
      return new TemplateFormat(format, redaction);
  }
}
