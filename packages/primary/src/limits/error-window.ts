/** How many tries failed of those that ended lately. */

const BUCKETS = 10;

export class ErrorWindow {
  readonly #bucketMs: number;
  readonly #ended = new Uint32Array(BUCKETS);
  readonly #failed = new Uint32Array(BUCKETS);
  /** Number of the newest bucket since the beginning of the clock. */
  #newest = 0;

  /** @param windowMs what is older is forgotten, a tenth at a time */
  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS;
  }

  /** @param nowMs on the monotonic clock */
  add(ended: number, failed: number, nowMs: number): void {
    this.#moveTo(Math.floor(nowMs / this.#bucketMs));
    const place = this.#newest % BUCKETS;
    this.#ended[place] = (this.#ended[place] ?? 0) + ended;
    this.#failed[place] = (this.#failed[place] ?? 0) + failed;
  }

  /** As of what was added last. */
  get ended(): number {
    return this.#ended.reduce((sum, count) => sum + count, 0);
  }

  get failed(): number {
    return this.#failed.reduce((sum, count) => sum + count, 0);
  }

  clear(): void {
    this.#ended.fill(0);
    this.#failed.fill(0);
  }

  #moveTo(bucket: number): void {
    const steps = Math.min(BUCKETS, bucket - this.#newest);
    for (let step = 0; step < steps; step++) {
      const place = (bucket - step) % BUCKETS;
      this.#ended[place] = 0;
      this.#failed[place] = 0;
    }
    this.#newest = Math.max(this.#newest, bucket);
  }
}
