/** What a worker knows of one bucket: tokens that it has in hand, until when there is none, how fast they go. */
import type { Bucket, BucketLevel } from '@lb/shared/store/store';

/** Tokens in hand are good for so long: a client that goes away must not keep them from others. */
const IN_HAND_MS = 200;

/** How fast tokens go is measured over this time at least. */
const MEASURED_MS = 20;

export class LimitEntry {
  readonly bucket: Bucket;
  /** Requests that wait for an answer of the store. */
  readonly waiting: ((isAllowed: boolean) => void)[] = [];
  /** The store is being asked. */
  isAsking = false;
  /** The last answer did not come from the store itself. */
  isDegraded = false;
  /** With so many in hand or fewer, more are fetched; 0 for one whose tokens go slowly. */
  lowWater = 0;
  #tokens = 0;
  #tokensUntilMs = 0;
  #refusedUntilMs = 0;
  /** When the bucket is full, as far as is known: that of the store and what is in hand together. */
  #fullAtMs = 0;
  #spent = 0;
  #spentSinceMs = 0;
  #perMs = 0;

  constructor(bucket: Bucket) {
    this.bucket = bucket;
  }

  /** Tokens in hand. */
  tokens(nowMs: number): number {
    return nowMs < this.#tokensUntilMs ? this.#tokens : 0;
  }

  /** The bucket is known to be empty for so long; 0 when it is not. */
  refusedForMs(nowMs: number): number {
    return Math.max(0, this.#refusedUntilMs - nowMs);
  }

  /** Uses a token that is in hand. */
  spend(): void {
    this.#tokens--;
    this.#spent++;
  }

  /** Takes a use back: the request was refused for another reason. */
  unspend(): void {
    this.#tokens++;
    this.#spent--;
  }

  /** Tokens came, to be in hand from now on, and how the bucket stands. */
  fill(count: number, { remaining, retryMs, resetMs }: BucketLevel, nowMs: number): void {
    if (count > 0) {
      this.#tokens = this.tokens(nowMs) + count;
      this.#tokensUntilMs = nowMs + IN_HAND_MS;
    }
    this.#fullAtMs = nowMs + resetMs;
    this.#refusedUntilMs = remaining > 0 ? 0 : nowMs + retryMs;
  }

  /** Tokens that will go within this time, as fast as they went. */
  expected(withinMs: number, nowMs: number): number {
    const elapsedMs = nowMs - this.#spentSinceMs;
    if (elapsedMs >= MEASURED_MS) {
      this.#perMs = this.#spent / elapsedMs;
      this.#spent = 0;
      this.#spentSinceMs = nowMs;
    }
    return this.#perMs * withinMs;
  }

  /** Tokens that are left, for people. */
  remaining(nowMs: number): number {
    const { burst, intervalUs } = this.bucket;
    const missing = (this.resetMs(nowMs) * 1_000) / intervalUs;
    return Math.max(0, Math.min(burst, Math.floor(burst - missing + 1e-6) + this.tokens(nowMs)));
  }

  /** Until the bucket is full. */
  resetMs(nowMs: number): number {
    return Math.max(0, this.#fullAtMs - nowMs);
  }
}
