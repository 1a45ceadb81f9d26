/** The combined format of Apache and nginx, its fields and no others, so that every tool that reads it reads this. */
import { REFERER, USER_AGENT } from '../http1/field-names.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Ending } from '../request/finish-exchange.ts';
import { escapeHex } from './escape.ts';
import type { LineBuffer } from './line-buffer.ts';
import type { LineFormat } from './line-format.ts';
import { protocolOf } from './protocol.ts';
import type { Redaction } from './redaction.ts';
import { commonDate } from './time-text.ts';

/** Longest value, as escaped; a line has three. */
const MAX_VALUE = 1_200;

export class CombinedFormat implements LineFormat {
  readonly #redaction: Redaction;

  constructor(redaction: Redaction) {
    this.#redaction = redaction;
  }

  write(line: LineBuffer, exchange: Exchange, { status }: Ending, wallMs: number): void {
    const { clientAddress, method, path, search, response, head } = exchange;
    const target = this.#redaction.reference(`${path}${search}`);
    const request = `${method} ${target} ${protocolOf(exchange)}`;
    const referer = this.#redaction.referer(head?.lines.valueOf(REFERER));
    const agent = this.#redaction.field('user-agent', head?.lines.valueOf(USER_AGENT));
    line.text(
      `${clientAddress === '' ? '-' : clientAddress} - - [${commonDate(wallMs)}]` +
        ` "${escapeHex(request, MAX_VALUE)}" ${status} ${response.bodyBytes}` +
        ` "${escapeHex(referer, MAX_VALUE)}" "${escapeHex(agent, MAX_VALUE)}"`,
    );
  }
}
