/** The last requests that went wrong or were slow, for who asks later what became of one. Others leave nothing behind. */
import type { PastRequestReply } from '@lb/shared/admin-api/explain';
import type { Clock } from '@lb/shared/time/clock';
import type { Exchange } from './exchange.ts';

/** From here on a request is slow. Tunnels are not: they last as long as they are wanted. */
export const SLOW_MS: number = 1_000;

/** Requests kept of each kind, so that neither pushes out the other. */
const KEPT = 200;

const LONGEST_PATH = 500;

export class PastRequests {
  readonly #clock: Clock;
  readonly #worker: number;
  readonly #errors: PastRequestReply[] = [];
  readonly #slow: PastRequestReply[] = [];

  constructor(clock: Clock, worker: number) {
    this.#clock = clock;
    this.#worker = worker;
  }

  /** The newest first. */
  get all(): PastRequestReply[] {
    return [...this.#errors, ...this.#slow].toSorted((a, b) => (a.at < b.at ? 1 : -1));
  }

  /** Keeps what is worth it of a request that is over, in place of the oldest of its kind. */
  keep(exchange: Exchange, kept: PastRequestReply['kept'], status: number, totalMs: number): void {
    const list = kept === 'error' ? this.#errors : this.#slow;
    const { id, method, hostname, path, clientAddress, listener, route, pool, backend } = exchange;
    list.push({
      id,
      at: new Date(this.#clock.wallMs() - totalMs).toISOString(),
      worker: this.#worker,
      kept,
      method,
      host: hostname,
      path: path.slice(0, LONGEST_PATH),
      client: clientAddress,
      listener: listener.name,
      route: route?.name ?? null,
      pool: pool?.name ?? null,
      backend: backend?.name ?? null,
      tried: exchange.tried.map(({ name }) => name),
      tries: exchange.tries,
      status,
      reason: exchange.reason ?? null,
      totalMs,
      ttfbMs: exchange.ttfbMs ?? null,
      upstreamMs: exchange.upstreamMs,
      connectMs: exchange.connectMs ?? null,
    });
    if (list.length > KEPT) list.shift();
  }
}
