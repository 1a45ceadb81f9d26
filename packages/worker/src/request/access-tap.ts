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
import { REFERER, USER_AGENT } from '../http1/field-names.ts';
import type { Exchange } from './exchange.ts';

const SEND_INTERVAL_MS = 100;

/** More than anybody reads, and a message of some 100 KB. */
const MOST_HELD = 250;

/** Longest value of a field. */
const MOST_CHARACTERS = 600;

export class AccessTap {
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #send: (message: ToPrimary) => void;
  /** Of all who read; undefined when nobody does. */
  #filters: readonly LogFilter[] | undefined;
  #held: AccessRecord[] = [];
  #missed = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Pick<Clock, 'wallMs'>, send: (message: ToPrimary) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Tells of requests that pass one of these from now on; of none when there is no filter. */
  open(filters: readonly LogFilter[]): void {
    this.close();
    if (filters.length === 0) return;
    this.#filters = filters;
    this.#timer = setInterval(() => this.#flush(), SEND_INTERVAL_MS).unref();
  }

  /** A request is over; runs for each, and returns at once when nobody reads. */
  take(exchange: Exchange, status: number, totalMs: number): void {
    if (this.#filters === undefined) return;
    const { route, pool, backend } = exchange;
    const named = {
      route: route?.name ?? null,
      pool: pool?.name ?? null,
      backend: backend?.name ?? null,
      status,
    };
    if (!this.#filters.some((filter) => passes(filter, named))) return;
    if (this.#held.length === MOST_HELD) this.#missed++;
    else this.#held.push({ ...recordOf(exchange, this.#clock.wallMs(), totalMs), ...named });
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

type Named = 'route' | 'pool' | 'backend' | 'status';

/** What the access log would say of it. */
function recordOf(exchange: Exchange, endedMs: number, totalMs: number): Omit<AccessRecord, Named> {
  const { head, search, response, body } = exchange;
  return {
    time: new Date(endedMs).toISOString(),
    request_id: exchange.id,
    client: short(exchange.clientAddress),
    listener: exchange.listener.name,
    method: short(exchange.method),
    host: short(exchange.host),
    path: short(exchange.path),
    query: short(search.slice(1)),
    protocol: head === undefined ? null : `HTTP/1.${head.httpMinor}`,
    tries: exchange.tries,
    bytes: response.bodyBytes,
    request_bytes: body?.receivedBytes ?? 0,
    connect_ms: rounded(exchange.connectMs),
    ttfb_ms: rounded(exchange.ttfbMs),
    total_ms: rounded(totalMs) ?? 0,
    reason: exchange.reason ?? null,
    user_agent: short(head?.lines.valueOf(USER_AGENT)),
    referer: short(head?.lines.valueOf(REFERER)),
  };
}

function short(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text;
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 1_000) / 1_000;
}
