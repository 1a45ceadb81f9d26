/**
 * Tells the primary of requests that end, as long as somebody there reads along (`lbctl logs -f`).
 *
 *     finished ── passes a filter ──▶ held ── every 100 ms ──▶ primary
 *                                     └─ full: counted as missed
 */
import type { AccessRecord } from '@lb/shared/admin-api/logs';
import type { ToPrimary } from '@lb/shared/ipc/messages';
import { type LogFilter, passes } from '@lb/shared/model/log-filter';
import type { Clock } from '@lb/shared/time/clock';
import type { Config } from '@lb/shared/config/schema/root';
import type { Exchange } from '../request/exchange.ts';
import type { Ending } from '../request/finish-exchange.ts';
import { JsonFormat } from './json-format.ts';
import { LineBuffer } from './line-buffer.ts';
import { Redaction } from './redaction.ts';

const SEND_INTERVAL_MS = 100;

/** More than anybody reads, and a message of some 100 KB. */
const MOST_HELD = 250;

export class AccessTap {
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #send: (message: ToPrimary) => void;
  readonly #line = new LineBuffer();
  /** What the access log would say, whatever its own format. */
  #format = new JsonFormat(new Redaction([]));
  /** Of all who read; undefined when nobody does. */
  #filters: readonly LogFilter[] | undefined;
  #held: AccessRecord[] = [];
  #missed = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Pick<Clock, 'wallMs'>, send: (message: ToPrimary) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  configure({ redact }: Config['log']['access']): void {
    this.#format = new JsonFormat(new Redaction(redact));
  }

  /** Tells of requests that pass one of these from now on; of none when there is no filter. */
  open(filters: readonly LogFilter[]): void {
    this.close();
    if (filters.length === 0) return;
    this.#filters = filters;
    this.#timer = setInterval(() => this.#flush(), SEND_INTERVAL_MS).unref();
  }

  /** A request is over; runs for each, and returns at once when nobody reads. */
  take(exchange: Exchange, ending: Ending): void {
    if (this.#filters === undefined) return;
    const { route, pool, backend } = exchange;
    const named = {
      route: route?.name ?? null,
      pool: pool?.name ?? null,
      backend: backend?.name ?? null,
      status: ending.status,
    };
    if (!this.#filters.some((filter) => passes(filter, named))) return;
    if (this.#held.length === MOST_HELD) {
      this.#missed++;
      return;
    }
    this.#line.begin();
    this.#format.write(this.#line, exchange, ending, this.#clock.wallMs());
    this.#held.push(JSON.parse(this.#line.toString()) as AccessRecord);
  }

  /** Tells the last of it. */
  close(): void {
    clearInterval(this.#timer);
    this.#filters = undefined;
    this.#flush();
  }

  #flush(): void {
    if (this.#held.length === 0) return;
    this.#send({ lb: 1, type: 'access', records: this.#held, missed: this.#missed });
    this.#held = [];
    this.#missed = 0;
  }
}
