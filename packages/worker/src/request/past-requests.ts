/** The last requests that went wrong or were slow, for who asks later what became of one. Others leave nothing behind. */
import type { PastRequestReply } from '@lb/shared/admin-api/explain';
import type { Clock } from '@lb/shared/time/clock';
import type { Exchange } from './exchange.ts';

/** From here on a request is slow. Tunnels are not: they last as long as they are wanted. */
export const SLOW_MS: number = 1_000;

/** Requests kept of each kind, so that neither pushes out the other. */
const KEPT = 200;

const LONGEST_PATH = 500;

type Kind = PastRequestReply['kept'];

/** As it is kept: what costs something is done for who asks. */
type Kept = Omit<PastRequestReply, 'at' | 'tried'> & {
  /** When it was over, on the wall clock. */
  readonly endedMs: number;
  readonly tried: Exchange['tried'];
};

export class PastRequests {
  readonly #clock: Clock;
  readonly #worker: number;
  readonly #rings: Readonly<Record<Kind, Ring>> = { error: new Ring(), slow: new Ring() };

  constructor(clock: Clock, worker: number) {
    this.#clock = clock;
    this.#worker = worker;
  }

  /** The newest first. */
  get all(): PastRequestReply[] {
    const { error, slow } = this.#rings;
    return [...error.kept, ...slow.kept]
      .map(({ endedMs, tried, ...kept }) => ({
        ...kept,
        at: new Date(endedMs - kept.totalMs).toISOString(),
        tried: tried.map(({ name }) => name),
      }))
      .toSorted((a, b) => (a.at < b.at ? 1 : -1));
  }

  /** Keeps what is worth it of a request that is over, in place of the oldest of its kind. An overload calls it for each refusal. */
  keep(exchange: Exchange, kept: Kind, status: number, totalMs: number): void {
    const { id, method, hostname, path, clientAddress, listener, route, pool, backend } = exchange;
    this.#rings[kept].add({
      id,
      endedMs: this.#clock.wallMs(),
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
      tried: exchange.tried,
      tries: exchange.tries,
      status,
      reason: exchange.reason ?? null,
      totalMs,
      ttfbMs: exchange.ttfbMs ?? null,
      upstreamMs: exchange.upstreamMs,
      connectMs: exchange.connectMs ?? null,
      traceId: exchange.trace?.traceId ?? null,
    });
  }
}

/** The newest takes the place of the oldest. */
class Ring {
  readonly #kept: Kept[] = [];
  #next = 0;

  get kept(): readonly Kept[] {
    return this.#kept;
  }

  add(request: Kept): void {
    this.#kept[this.#next] = request;
    this.#next = (this.#next + 1) % KEPT;
  }
}
