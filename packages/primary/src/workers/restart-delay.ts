/** How long to wait before a dead worker is replaced: not at all, unless workers die in a loop. */

/** A worker that dies sooner than this after its start counts as part of a loop. */
export const EARLY_DEATH_MS = 5_000;

/** Early deaths in a row from which on it is called a crash loop. */
export const CRASH_LOOP_DEATHS = 3;

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

/** Delay before the replacement, by the number of early deaths in a row, this one included: 0, 0, 100, 200, 400 .. 5000. */
export function restartDelayMs(earlyDeaths: number): number {
  if (earlyDeaths < 2) return 0;
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (earlyDeaths - 2));
}
