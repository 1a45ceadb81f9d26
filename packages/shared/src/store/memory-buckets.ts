/**
 * Buckets of tokens in memory, by the generic cell rate algorithm: of a bucket, all that is kept is when it will be full again
 * (the "theoretical arrival time"). A bucket that is full is the same as one that nobody knows, and is forgotten.
 *
 *     full at:   now ─────────── tat ─────────── now + burst x interval
 *     tokens:    burst            ...             0
 */
import type { Bucket, BucketLevel, Taken } from './store.ts';

/** About 30 MB of keys. Beyond it buckets are forgotten before they are full: whoever they belong to may come again in full. */
const MOST_BUCKETS = 250_000;

/** Buckets that each take looks over, so that full ones are forgotten as fast as new ones come. */
const SWEPT_PER_TAKE = 2;

export class MemoryBuckets {
  readonly #nowUs: () => number;
  readonly #most: number;
  /** By key, when it is full. */
  readonly #fullUs = new Map<string, number>();
  #sweep: Iterator<[string, number]>;

  /** @param nowMs a clock that never goes back, in milliseconds */
  constructor(nowMs: () => number, most: number = MOST_BUCKETS) {
    this.#nowUs = () => nowMs() * 1_000;
    this.#most = most;
    this.#sweep = this.#fullUs.entries();
  }

  /** Buckets that are known. */
  get size(): number {
    return this.#fullUs.size;
  }

  /** As `Store.take`, at once. */
  take(buckets: readonly Bucket[], want: number): Taken {
    const nowUs = this.#nowUs();
    this.#forgetFull(nowUs, buckets.length * SWEPT_PER_TAKE);
    let granted = want;
    for (const bucket of buckets) granted = Math.min(granted, this.#tokens(bucket, nowUs));
    if (granted > 0) for (const bucket of buckets) this.#drain(bucket, granted, nowUs);
    return { granted, levels: buckets.map((bucket) => this.#level(bucket, nowUs)) };
  }

  /** Puts tokens back that were taken a moment ago. */
  giveBack(bucket: Bucket, count: number): void {
    const fullUs = this.#fullUs.get(bucket.key);
    if (fullUs !== undefined) this.#fullUs.set(bucket.key, fullUs - count * bucket.intervalUs);
  }

  #tokens(bucket: Bucket, nowUs: number): number {
    const missingUs = this.#missingUs(bucket, nowUs);
    // A hair more, so that what comes back after exactly one interval is one token and not 0.9999.
    return Math.floor(bucket.burst - missingUs / bucket.intervalUs + 1e-6);
  }

  #drain({ key, intervalUs }: Bucket, count: number, nowUs: number): void {
    const fullUs = Math.max(nowUs, this.#fullUs.get(key) ?? 0) + count * intervalUs;
    if (this.#fullUs.size >= this.#most && !this.#fullUs.has(key)) this.#forgetOne();
    this.#fullUs.set(key, fullUs);
  }

  #level(bucket: Bucket, nowUs: number): BucketLevel {
    const { burst, intervalUs } = bucket;
    const missingUs = this.#missingUs(bucket, nowUs);
    const remaining = Math.max(0, this.#tokens(bucket, nowUs));
    const retryUs = remaining > 0 ? 0 : missingUs - (burst - 1) * intervalUs;
    return { remaining, retryMs: retryUs / 1_000, resetMs: missingUs / 1_000 };
  }

  #missingUs({ key }: Bucket, nowUs: number): number {
    return Math.max(0, (this.#fullUs.get(key) ?? 0) - nowUs);
  }

  #forgetFull(nowUs: number, looks: number): void {
    for (let i = 0; i < looks; i++) {
      const next = this.#next();
      if (next === undefined) return;
      const [key, fullUs] = next;
      if (fullUs <= nowUs) this.#fullUs.delete(key);
    }
  }

  #forgetOne(): void {
    const next = this.#next() ?? this.#next();
    if (next !== undefined) this.#fullUs.delete(next[0]);
  }

  /** Goes round; undefined at the end of a turn. An iterator that is kept passes what was deleted once, a new one each time. */
  #next(): [string, number] | undefined {
    const next = this.#sweep.next();
    if (next.done !== true) return next.value;
    this.#sweep = this.#fullUs.entries();
    return undefined;
  }
}
