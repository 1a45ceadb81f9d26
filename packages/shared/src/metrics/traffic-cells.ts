/**
 * How durations are counted so that counts of all workers and of any stretch of time can be added up, and quantiles read from the
 * sum: in cells that are narrow where durations are short and wide where they are long.
 *
 *     0   1   2  ...  31 | 32  33 ... 63 | 64    66 ... 126 | 128     132 ...    microseconds
 *     32 cells of 1       32 cells of 1    32 cells of 2      32 cells of 4      ... up to 134 s
 *
 * A cell is at most 1/32 as wide as what it counts is long, so its middle is never off by more than 1.6 %.
 * @see G. Tene, HdrHistogram; C. Masson et al., "DDSketch", VLDB 2019
 */

const CELLS_PER_OCTAVE = 32;
const OCTAVE_BITS = 5;
const MOST_US = 2 ** 27 - 1;

/** Cells for durations. */
export const DURATION_CELLS: number = 23 * CELLS_PER_OCTAVE;

/** Tries without an answer: errors without a duration. */
export const FAILED_CELL: number = DURATION_CELLS + 1;

/** Those that have a duration and are errors all the same: answered with one, or broken off. */
export const ERROR_CELL: number = FAILED_CELL - 1;

/** Cells of one series of traffic. */
export const TRAFFIC_CELLS: number = DURATION_CELLS + 2;

/** The cell of a duration; runs for each request. */
export function cellOf(ms: number): number {
  const us = ms * 1_000;
  if (us >= MOST_US) return DURATION_CELLS - 1;
  const whole = us > 0 ? us | 0 : 0;
  if (whole < CELLS_PER_OCTAVE) return whole;
  const shift = 31 - OCTAVE_BITS - Math.clz32(whole);
  return (shift << OCTAVE_BITS) + (whole >> shift);
}

/** The middle of a cell, in milliseconds. */
export function middleMs(cell: number): number {
  const shift = Math.max(0, (cell >> OCTAVE_BITS) - 1);
  const least = (cell - (shift << OCTAVE_BITS)) << shift;
  return (least + (1 << shift) / 2) / 1_000;
}
