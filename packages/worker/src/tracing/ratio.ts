/**
 * Which new traces are sampled: a share of them, by their ids alone, so that all who see a trace and have the same share agree.
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */

/** What of a trace id is random for sure: its last 56 bits, in hex. */
const RANDOM_DIGITS = 14;
const RANDOM_VALUES = 2 ** 56;

/** Above every id. */
const NEVER = 'g';

/** Made when a snapshot arrives. @param share from 0 to 1 */
export function compileRatio(share: number): (traceId: string) => boolean {
  const threshold = thresholdOf(share);
  return (traceId) => traceId.slice(-RANDOM_DIGITS) >= threshold;
}

/** Ids whose last digits are not below it, as text, are sampled. */
function thresholdOf(share: number): string {
  const sampled = BigInt(Math.round(share * RANDOM_VALUES));
  if (sampled === 0n) return NEVER;
  return (BigInt(RANDOM_VALUES) - sampled).toString(16).padStart(RANDOM_DIGITS, '0');
}
