/** Slow start: how much a backend gets that has just come, or come back. Workers act by it, the primary shows it. */

/** Enough to fill caches, and to show that it answers. */
const SMALLEST_SHARE = 0.1;

/** The part of its traffic that a backend gets: a tenth at first, then evenly more, 1 at the end. */
export function slowStartShare(elapsedMs: number, lengthMs: number): number {
  if (elapsedMs >= lengthMs) return 1;
  return SMALLEST_SHARE + (1 - SMALLEST_SHARE) * Math.max(0, elapsedMs / lengthMs);
}
