/**
 * How many second tries (retries and hedges) a pool may have at once, over all workers, so that a pool that fails is not
 * asked twice for everything. A try takes a place and gives it back; one that came to nothing leaves its place empty for a
 * while first. Without that, backends that refuse within a millisecond would hardly ever have two retries at once, and be
 * sent twice the requests all the same; nor would the other workers, who hear of a place after 50 ms, ever hear of one.
 */
import type { PoolConfig } from '@lb/shared/config/schema/root';

/** How long a place stays taken after a try that came to nothing. */
const IN_VAIN_MS = 1_000;

/** Who knows what is in flight to the pool, over all workers. */
export interface Loaded {
  readonly load: number;
}

export class RetryBudget {
  #config: PoolConfig['retries']['budget'];
  #inFlight = 0;
  /** When the places of tries that came to nothing are free again, in this order, on the monotonic clock. */
  readonly #inVainUntilMs: number[] = [];
  #elsewhere = 0;

  constructor(config: PoolConfig['retries']['budget']) {
    this.#config = config;
  }

  /** Places that are taken stay taken. */
  configure(config: PoolConfig['retries']['budget']): void {
    this.#config = config;
  }

  /** Nothing is ever tried again. */
  get isNothing(): boolean {
    return this.#config.percent === 0 && this.#config.min === 0;
  }

  /** Places that the other workers have taken. */
  setElsewhere(taken: number): void {
    this.#elsewhere = taken;
  }

  /** Places that this worker has taken. */
  taken(nowMs: number): number {
    const until = this.#inVainUntilMs;
    while (until[0] !== undefined && until[0] <= nowMs) until.shift();
    return this.#inFlight + until.length;
  }

  /**
   * Takes a place, if there is one.
   * @param pool asked for its load only when the minimum is used up
   * @param waiting requests that are on their way to the pool and not in flight at the moment
   */
  take(pool: Loaded, waiting: number, nowMs: number): boolean {
    const { percent, min } = this.#config;
    const wanted = this.taken(nowMs) + this.#elsewhere + 1;
    if (wanted > min) {
      const requests = pool.load + waiting - this.#inFlight - this.#elsewhere;
      if (wanted > (requests * percent) / 100) return false;
    }
    this.#inFlight++;
    return true;
  }

  /** @param wasInVain the try brought nothing that could be used */
  giveBack(wasInVain: boolean, nowMs: number): void {
    this.#inFlight--;
    if (wasInVain) this.#inVainUntilMs.push(nowMs + IN_VAIN_MS);
  }
}
