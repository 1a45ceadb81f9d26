/** Time and chance, the only place that asks the system for them; everything else is handed a Clock and a Random. */

/** Two clocks: one for dates that people read, one for measuring, which never jumps. */
export interface Clock {
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** Milliseconds since some moment in the past, with fractions; never goes back. */
  monotonicMs(): number;
}

/** The system's clocks. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** A number from 0 up to, but not including, 1. */
export type Random = () => number;

/** Good enough for balancing and jitter; never for secrets. */
export const systemRandom: Random = () => Math.random();

/** The same numbers for the same seed (mulberry32), for tests and simulations. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
