/**
 * Copies of a route's requests for another pool. They go out behind the request, and nothing of them comes back to it: answers
 * are read and thrown away, and a pool that cannot keep up gets fewer copies.
 */
import type { Pool } from '../balancing/pool.ts';
import type { MirrorMetrics } from '../metrics/mirror-metrics.ts';
import type { Exchange } from './exchange.ts';
import { MirrorCopy } from './mirror/mirror-copy.ts';
import type { Route } from './route.ts';

/** Per route and worker, those whose body is still coming included: with it, the memory that bodies take is bounded too. */
const MOST_IN_FLIGHT = 100;

export class Mirror {
  readonly #metrics: MirrorMetrics;
  #pool: Pool;
  #percent: number;
  #inFlight = 0;

  constructor(metrics: MirrorMetrics, pool: Pool, percent: number) {
    this.#metrics = metrics;
    this.#pool = pool;
    this.#percent = percent;
  }

  /** Takes over what a new snapshot says; copies on their way go on. */
  apply(pool: Pool, percent: number): void {
    this.#pool = pool;
    this.#percent = percent;
  }

  /** Copies the request, if it is one of those that are copied. Called before its first try. */
  copy(exchange: Exchange, route: Route): void {
    if (exchange.services.random() * 100 >= this.#percent) return;
    if (this.#inFlight >= MOST_IN_FLIGHT) {
      this.#metrics.count('busy');
      return;
    }
    this.#inFlight++;
    const copy = new MirrorCopy(exchange, route, this.#pool, (result) => {
      this.#inFlight--;
      this.#metrics.count(result);
    });
    copy.begin();
  }
}
