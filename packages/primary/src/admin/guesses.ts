/** Wrong tokens by address: whoever sends too many is not heard for a while (CWE-307). */
import type { Clock } from '@lb/shared/time/clock';

/** A script with an old token may be wrong this often and is still told so. */
const MAX_GUESSES = 20;
const WINDOW_MS = 60_000;
/** The address that began first is forgotten when there are more. */
const MAX_ADDRESSES = 1_000;

/** Counts the guesses of one listener. */
export class Guesses {
  readonly #clock: Clock;
  readonly #byAddress = new Map<string, { count: number; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Seconds until this address is heard again; 0 when it is now. */
  secondsLeft(address: string): number {
    const guesses = this.#byAddress.get(address);
    if (guesses === undefined || guesses.count < MAX_GUESSES) return 0;
    return Math.max(0, Math.ceil((guesses.untilMs - this.#clock.monotonicMs()) / 1_000));
  }

  /** The address sent a wrong token. */
  count(address: string): void {
    const nowMs = this.#clock.monotonicMs();
    const guesses = this.#byAddress.get(address);
    if (guesses !== undefined && nowMs < guesses.untilMs) {
      guesses.count++;
      return;
    }
    this.#byAddress.delete(address);
    const [first] = this.#byAddress.keys();
    if (this.#byAddress.size >= MAX_ADDRESSES && first !== undefined) this.#byAddress.delete(first);
    this.#byAddress.set(address, { count: 1, untilMs: nowMs + WINDOW_MS });
  }
}
