/**
 * A quantile of what answers took lately, without keeping them: counts in buckets whose width grows with the time, so that an
 * estimate is at most an eighth too high, in two halves of a window, of which the older is forgotten.
 */

/** So long a half lasts: what is asked about is the last 10 to 20 seconds. */
const HALF_MS = 10_000;

/** With fewer answers than this a quantile says nothing. */
const LEAST_SAMPLES = 20;

/** How long an estimate is good for. */
const FRESH_MS = 100;

/** Times are counted in sixteenths of a millisecond. */
const UNITS_PER_MS = 16;

/** Buckets between one power of two and the next. */
const STEPS = 8;

/** Up to 2^24 units, which are 17 minutes. */
const BUCKETS = STEPS * 22;

export class ResponseTimes {
  readonly #quantile: number;
  #current = new Uint32Array(BUCKETS);
  #previous = new Uint32Array(BUCKETS);
  #startedMs = Number.NEGATIVE_INFINITY;
  #estimateMs: number | undefined;
  #estimatedMs = Number.NEGATIVE_INFINITY;

  /** @param quantile 0.95: what all but 5 % take at most */
  constructor(quantile: number) {
    this.#quantile = quantile;
  }

  /** @param nowMs on the monotonic clock */
  observe(ms: number, nowMs: number): void {
    this.#turn(nowMs);
    const bucket = bucketOf(ms);
    this.#current[bucket] = (this.#current[bucket] ?? 0) + 1;
  }

  /** Milliseconds; undefined while there are too few samples. */
  estimateMs(nowMs: number): number | undefined {
    if (nowMs - this.#estimatedMs < FRESH_MS) return this.#estimateMs;
    this.#turn(nowMs);
    this.#estimatedMs = nowMs;
    this.#estimateMs = this.#estimate();
    return this.#estimateMs;
  }

  #estimate(): number | undefined {
    let total = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) total += this.#countIn(bucket);
    if (total < LEAST_SAMPLES) return undefined;
    let left = Math.ceil(total * this.#quantile);
    let bucket = 0;
    for (; bucket < BUCKETS - 1; bucket++) {
      left -= this.#countIn(bucket);
      if (left <= 0) break;
    }
    return upperBoundMs(bucket);
  }

  #countIn(bucket: number): number {
    return (this.#current[bucket] ?? 0) + (this.#previous[bucket] ?? 0);
  }

  #turn(nowMs: number): void {
    const passedMs = nowMs - this.#startedMs;
    if (passedMs < HALF_MS) return;
    const emptied = this.#previous.fill(0);
    this.#previous = this.#current;
    this.#current = emptied;
    // After a pause both halves are out of date.
    if (passedMs >= 2 * HALF_MS) this.#previous.fill(0);
    this.#startedMs = nowMs;
  }
}

/** Below STEPS a bucket is one unit; above, there are STEPS of them to each power of two. */
function bucketOf(ms: number): number {
  const units = Math.min(2 ** 24 - 1, Math.max(0, Math.floor(ms * UNITS_PER_MS)));
  if (units < STEPS) return units;
  const power = 31 - Math.clz32(units);
  return (power - 2) * STEPS + (units >> (power - 3)) - STEPS;
}

function upperBoundMs(bucket: number): number {
  if (bucket < STEPS) return (bucket + 1) / UNITS_PER_MS;
  const power = Math.floor(bucket / STEPS) + 2;
  return (((bucket % STEPS) + STEPS + 1) * 2 ** (power - 3)) / UNITS_PER_MS;
}
