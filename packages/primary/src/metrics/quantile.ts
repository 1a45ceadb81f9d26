/** Quantiles of durations that were counted in buckets. */
import { DURATION_BUCKETS_SECONDS } from '@lb/shared/metrics/catalog';

/**
 * In milliseconds, interpolated within its bucket like Prometheus' histogram_quantile; beyond the last bound it is that bound.
 * Null when there is nothing in them. @param buckets one for each bound, then +Inf; not cumulative
 */
export function quantileMs(quantile: number, buckets: Float64Array): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return null;
  const rank = quantile * total;
  let below = 0;
  for (const [index, bound] of DURATION_BUCKETS_SECONDS.entries()) {
    const count = buckets[index] ?? 0;
    if (count > 0 && below + count >= rank) {
      const lower = DURATION_BUCKETS_SECONDS[index - 1] ?? 0;
      return 1_000 * (lower + (bound - lower) * ((rank - below) / count));
    }
    below += count;
  }
  return 1_000 * (DURATION_BUCKETS_SECONDS.at(-1) ?? 0);
}
