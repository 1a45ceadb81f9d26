/** The arithmetic of a bucket of tokens, the same for every store. */
import type { Bucket, BucketLevel } from './store.ts';

/** Microseconds until a bucket is full. Never more than an empty one takes, whatever a clock that was moved, or a limit that was. */
export function missingUs({ intervalUs, burst }: Bucket, fullUs: number, nowUs: number): number {
  return Math.min(Math.max(0, fullUs - nowUs), burst * intervalUs);
}

/** Whole tokens in a bucket that is full in so many microseconds. */
export function tokensIn({ intervalUs, burst }: Bucket, missing: number): number {
  // A hair more, so that what comes back after exactly one interval is one token and not 0.9999.
  return Math.floor(burst - missing / intervalUs + 1e-6);
}

/** How a bucket stands that is full in so many microseconds. */
export function levelOf(bucket: Bucket, missing: number): BucketLevel {
  const remaining = tokensIn(bucket, missing);
  const retryUs = remaining > 0 ? 0 : missing - (bucket.burst - 1) * bucket.intervalUs;
  return { remaining, retryMs: retryUs / 1_000, resetMs: missing / 1_000 };
}
