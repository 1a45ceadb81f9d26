/** Whether what is stored may be used for a request without asking for it again. @see RFC 9111 sections 4 and 5.2.1 */
import type { Directives } from './directives.ts';
import type { Entry } from './entry.ts';

export type Usability =
  | 'fresh'
  /** The client takes it stale. */
  | 'accepted stale'
  /** It is used while it is asked for again. @see RFC 5861 section 3 */
  | 'stale behind refresh'
  | 'stale'
  /** It is fresh, and the client wants it fresher. */
  | 'unwanted';

/** @param directives those of the request @param nowMs on the monotonic clock */
export function usabilityOf(entry: Entry, directives: Directives, nowMs: number): Usability {
  const { noCache, maxAge, minFresh, maxStale } = directives;
  const freshMs = entry.freshMs(nowMs);
  const isFresh = freshMs > 0;
  const { immutable, mayBeStale } = entry.answer.freshness;
  if (noCache) return isFresh ? 'unwanted' : 'stale';
  if (isFresh) {
    // A reload has nothing to gain from an answer that never changes while it is fresh. RFC 8246 section 2.
    const isTooOld = maxAge !== undefined && !immutable && entry.ageMs(nowMs) > maxAge * 1000;
    const isTooShort = minFresh !== undefined && freshMs < minFresh * 1000;
    return isTooOld || isTooShort ? 'unwanted' : 'fresh';
  }
  if (minFresh !== undefined) return 'stale';
  if (maxAge !== undefined && entry.ageMs(nowMs) > maxAge * 1000) return 'stale';
  if (maxStale !== undefined && mayBeStale && -freshMs <= maxStale * 1000) return 'accepted stale';
  return entry.mayServeWhileRevalidating(nowMs) ? 'stale behind refresh' : 'stale';
}
