/** Numbers about numbers. */

/** Of one figure over the rounds of a run. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** NaN where there are no values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    min: sorted[0] ?? Number.NaN,
    median: middleOf(sorted),
    max: sorted.at(-1) ?? Number.NaN,
  };
}

/** Round by round: what was measured side by side. */
export function ratioOf(numerators: readonly number[], denominators: readonly number[]): Spread {
  return spreadOf(numerators.map((value, i) => value / (denominators[i] ?? Number.NaN)));
}

/** @param sorted ascending  @param part from 0 to 1 */
export function percentile(sorted: readonly number[], part: number): number {
  const index = Math.min(sorted.length - 1, Math.floor(sorted.length * part));
  return sorted[index] ?? Number.NaN;
}

/** `1.20 / 1.31 / 1.50`: minimum, median, maximum; `-` where there are no values. */
export function formatSpread({ min, median, max }: Spread, digits: number): string {
  if (Number.isNaN(median)) return '-';
  return [min, median, max].map((value) => formatNumber(value, digits)).join(' / ');
}

/** `-` where there is no value. */
export function formatNumber(value: number, digits: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(digits);
}

/** Between the middle two where their number is even. */
function middleOf(sorted: readonly number[]): number {
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  return (lower + upper) / 2;
}
