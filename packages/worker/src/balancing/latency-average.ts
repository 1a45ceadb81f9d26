/** Peak-sensitive moving average: a slower answer counts whole at once, faster ones wear it down over about ten seconds. */
import type { Clock } from '@lb/shared/time/clock';

/** Time in which the weight of what was seen falls to 1/e; Finagle's default. */
const DECAY_MS = 10_000;

export class LatencyAverage {
  readonly #clock: Clock;
  #averageMs = 0;
  #stampMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param nowMs on the monotonic clock */
  observe(ms: number, nowMs: number): void {
    const kept = Math.exp((this.#stampMs - nowMs) / DECAY_MS);
    this.#averageMs =
      ms > this.#averageMs || this.#averageMs === 0 ? ms : this.#averageMs * kept + ms * (1 - kept);
    this.#stampMs = nowMs;
  }

  /** Falls while nothing is observed, so that a backend that was slow once is tried again. 0 without a sample. */
  currentMs(): number {
    if (this.#averageMs === 0) return 0;
    return this.#averageMs * Math.exp((this.#stampMs - this.#clock.monotonicMs()) / DECAY_MS);
  }
}
