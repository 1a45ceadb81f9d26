/** Lines as the user writes them: `{client} "{method} {path}" {status} {header.accept-language}`. */
import { type AccessField, readAccessTemplate } from '@lb/shared/model/access-template';
import { fieldsOf } from '../http1/head-text.ts';
import { REFERER, USER_AGENT } from '../http1/field-names.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Ending } from '../request/finish-exchange.ts';
import { escapeHex, MARK_LENGTH, MAX_LINE } from './escape.ts';
import type { LineBuffer } from './line-buffer.ts';
import type { LineFormat } from './line-format.ts';
import { protocolOf } from './protocol.ts';
import type { Redaction } from './redaction.ts';
import { milliseconds, TimeText } from './time-text.ts';

/** Longest value where few stand in a line, as escaped; with many they share what the line has. */
const MAX_VALUE = 1_200;

/** All that a line can be made of. */
interface Known {
  readonly exchange: Exchange;
  readonly ending: Ending;
  readonly wallMs: number;
  readonly redaction: Redaction;
  readonly time: TimeText;
}

type Part = string | ((known: Known) => string | undefined);

export class TemplateFormat implements LineFormat {
  readonly #parts: readonly Part[];
  readonly #maxValue: number;
  readonly #redaction: Redaction;
  readonly #time = new TimeText();

  /** @param template its placeholders are known to exist */
  constructor(template: string, redaction: Redaction) {
    const pieces = readAccessTemplate(template);
    const fixed = pieces.reduce((sum, piece) => sum + ('text' in piece ? piece.text.length : 0), 1);
    const values = pieces.filter((piece) => !('text' in piece)).length;
    this.#maxValue = Math.min(MAX_VALUE, Math.floor((MAX_LINE - 1 - fixed) / values)) - MARK_LENGTH;
    this.#redaction = redaction;
    this.#parts = pieces.map((piece): Part => {
      if ('text' in piece) return piece.text;
      if ('field' in piece) return FIELDS[piece.field];
      const { of, name } = piece;
      return of === 'request'
        ? ({ exchange }) => redaction.field(name, exchange.header(name))
        : ({ exchange }) => redaction.field(name, answerField(exchange, name));
    });
  }

  write(line: LineBuffer, exchange: Exchange, ending: Ending, wallMs: number): void {
    const known = { exchange, ending, wallMs, redaction: this.#redaction, time: this.#time };
    for (const part of this.#parts)
      line.text(typeof part === 'string' ? part : escapeHex(part(known), this.#maxValue));
  }
}

const FIELDS: Readonly<Record<AccessField, (known: Known) => string | undefined>> = {
  time: ({ time, wallMs }) => time.iso(wallMs),
  request_id: ({ exchange }) => exchange.id,
  client: ({ exchange }) => exchange.clientAddress,
  listener: ({ exchange }) => exchange.listener.name,
  method: ({ exchange }) => exchange.method,
  host: ({ exchange }) => exchange.host,
  path: ({ exchange }) => exchange.path,
  query: ({ exchange, redaction }) => redaction.query(exchange.search.slice(1)),
  protocol: ({ exchange }) => protocolOf(exchange),
  status: ({ ending }) => String(ending.status),
  route: ({ exchange }) => exchange.route?.name,
  pool: ({ exchange }) => exchange.pool?.name,
  backend: ({ exchange }) => exchange.backend?.name,
  tries: ({ exchange }) => String(exchange.tries),
  bytes: ({ exchange }) => String(exchange.response.bodyBytes),
  request_bytes: ({ exchange }) => String(exchange.body?.receivedBytes ?? 0),
  connect_ms: ({ exchange }) => optionalMs(exchange.connectMs),
  ttfb_ms: ({ exchange }) => optionalMs(exchange.ttfbMs),
  total_ms: ({ ending }) => milliseconds(ending.totalMs),
  reason: ({ exchange }) => exchange.reason,
  user_agent: ({ exchange, redaction }) =>
    redaction.field('user-agent', exchange.head?.lines.valueOf(USER_AGENT)),
  trace_id: ({ exchange }) => exchange.trace?.traceId,
  span_id: ({ exchange }) => exchange.trace?.spanId,
  referer: ({ exchange, redaction }) => redaction.referer(exchange.head?.lines.valueOf(REFERER)),
};

function optionalMs(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : milliseconds(ms);
}

/** All lines of a field of the answer, joined by commas. @param lower the name in lower case */
function answerField({ response }: Exchange, lower: string): string | undefined {
  const fields = fieldsOf(response.fieldLines);
  const values = fields.filter((_, i) => i % 2 === 1 && fields[i - 1]?.toLowerCase() === lower);
  return values.length === 0 ? undefined : values.join(', ');
}
