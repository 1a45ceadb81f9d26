/** How long an ejection lasts, and what is left of earlier ones. Pure. */
import type { PassiveHealth } from '@lb/shared/model/rotation';

/** Ejections that a backend has behind it. */
export interface Past {
  /** In a row, as of `endedAtMs`. */
  readonly count: number;
  /** When the last one ended, on the monotonic clock. */
  readonly endedAtMs: number;
}

/** No ejection yet. */
export const BLAMELESS: Past = { count: 0, endedAtMs: 0 };

/** The number of ejections in a row with one that begins now: each ejectFor that the backend has stayed in takes one off. */
export function nextCount({ count, endedAtMs }: Past, ejectForMs: number, nowMs: number): number {
  const forgiven = Math.floor((nowMs - endedAtMs) / ejectForMs);
  return Math.max(0, count - forgiven) + 1;
}

/** How long the ejection of this number lasts. */
export function ejectionMs(
  count: number,
  { ejectFor, maxEjectFor }: Pick<PassiveHealth, 'ejectFor' | 'maxEjectFor'>,
): number {
  return Math.min(ejectFor * count, maxEjectFor);
}
