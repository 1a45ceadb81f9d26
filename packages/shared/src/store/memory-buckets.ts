/**
 * Buckets of tokens in memory, by the generic cell rate algorithm: of a bucket, all that is kept is when it will be full again
 * (the "theoretical arrival time"). A bucket that is full is the same as one that nobody knows, and is forgotten.
 *
 *     full at:   now ─────────── tat ─────────── now + burst x interval
 *     tokens:    burst            ...             0
 */
import { levelOf, missingUs, tokensIn } from './bucket-level.ts';
import type { Bucket, Taken } from './store.ts';

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
    for (const bucket of buckets) {
      const missing = this.#missingUs(bucket, nowUs);
      granted = Math.min(granted, tokensIn(bucket, missing));
      // The limit may have been another one when tokens were taken last: emptier than empty is nothing.
      if ((this.#fullUs.get(bucket.key) ?? 0) > nowUs + missing)
        this.#fullUs.set(bucket.key, nowUs + missing);
    }
    if (granted > 0) for (const bucket of buckets) this.#drain(bucket, granted, nowUs);
    return {
      granted,
      levels: buckets.map((bucket) => levelOf(bucket, this.#missingUs(bucket, nowUs))),
    };
  }

  /** Puts tokens back that were taken a moment ago. */
  giveBack(bucket: Bucket, count: number): void {
    const fullUs = this.#fullUs.get(bucket.key);
    if (fullUs !== undefined) this.#fullUs.set(bucket.key, fullUs - count * bucket.intervalUs);
  }

  #drain(bucket: Bucket, count: number, nowUs: number): void {
    const { key, intervalUs } = bucket;
    const fullUs = nowUs + this.#missingUs(bucket, nowUs) + count * intervalUs;
    if (this.#fullUs.size >= this.#most && !this.#fullUs.has(key)) this.#forgetOne();
    this.#fullUs.set(key, fullUs);
  }

  #missingUs(bucket: Bucket, nowUs: number): number {
    return missingUs(bucket, this.#fullUs.get(bucket.key) ?? 0, nowUs);
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
