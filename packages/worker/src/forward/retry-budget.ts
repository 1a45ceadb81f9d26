/**
 * How many second tries (retries and hedges) a pool may have at once, over all workers, so that a pool that fails is not
 * asked twice for everything. A try takes a place and gives it back; one that came to nothing leaves its place empty for a
 * while first. Without that, backends that refuse within a millisecond would hardly ever have two retries at once, and be
 * sent twice the requests all the same; nor would the other workers, who hear of a place after 50 ms, ever hear of one.
 */
import type { PoolConfig } from '@lb/shared/config/schema/root';

/** How long a place stays taken after a try that came to nothing. */
const IN_VAIN_MS = 1_000;

/** A request that waits for a place. */
interface InLine {
  readonly pool: Loaded;
  readonly settle: (hasPlace: boolean) => void;
  readonly timer: NodeJS.Timeout;
}

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
  /** First come, first served. */
  readonly #line = new Set<InLine>();

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
  setElsewhere(taken: number, nowMs: number): void {
    this.#elsewhere = taken;
    if (this.#line.size > 0) this.#serveLine(nowMs);
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
    const wanted = this.taken(nowMs) + this.#elsewhere + 1;
    if (!this.#allows(wanted, pool, waiting)) return false;
    this.#inFlight++;
    return true;
  }

  /**
   * Waits for a place that is given back: when many tries fail in one moment, the places that there are do for all of them,
   * one after the other. Settles at once where none can come back soon, because tries come to nothing.
   * @param mostMs then it settles without
   * @returns leaves the line; a second call does nothing
   */
  wait(pool: Loaded, mostMs: number, settle: (hasPlace: boolean) => void): () => void {
    // Whether those elsewhere are in vain is not known here.
    const isHopeless = !this.#allows(this.#inVainUntilMs.length + 1, pool, 1);
    if (isHopeless || mostMs === 0) {
      settle(false);
      return () => undefined;
    }
    const leave = (): boolean => {
      clearTimeout(inLine.timer);
      return this.#line.delete(inLine);
    };
    const timer = setTimeout(() => {
      if (leave()) settle(false);
    }, mostMs);
    const inLine: InLine = { pool, settle, timer };
    this.#line.add(inLine);
    return leave;
  }

  /** @param wasInVain the try brought nothing that could be used */
  giveBack(wasInVain: boolean, nowMs: number): void {
    this.#inFlight--;
    if (wasInVain) this.#inVainUntilMs.push(nowMs + IN_VAIN_MS);
    else if (this.#line.size > 0) this.#serveLine(nowMs);
  }

  #serveLine(nowMs: number): void {
    for (const inLine of this.#line) {
      if (!this.take(inLine.pool, 1, nowMs)) return;
      clearTimeout(inLine.timer);
      this.#line.delete(inLine);
      // Not here: who gives a place back is in the middle of it.
      queueMicrotask(() => inLine.settle(true));
    }
  }

  #allows(wanted: number, pool: Loaded, waiting: number): boolean {
    const { percent, min } = this.#config;
    if (wanted <= min) return true;
    const requests = pool.load + waiting - this.#inFlight - this.#elsewhere;
    return wanted <= (requests * percent) / 100;
  }
}
