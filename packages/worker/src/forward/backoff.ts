/** The wait before a retry: exponential, with full jitter, so that those who failed together do not come back together. */
import type { PoolConfig } from '@lb/shared/config/schema/root';
import type { Random } from '@lb/shared/time/clock';

/**
 * Milliseconds, from 0 up to, but not including, the lower of `max` and `base` doubled so many times.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(
  { base, max }: PoolConfig['retries']['backoff'],
  doublings: number,
  random: Random,
): number {
  return random() * Math.min(max, base * 2 ** doublings);
}
