/** A timer that goes off at the same moments in every process: what one says at its moments, another can count on at its own. */
import type { Clock } from './clock.ts';

export interface Alignment {
  readonly everyMs: number;
  /** After each multiple of `everyMs` on the wall clock. Default 0. */
  readonly offsetMs?: number;
}

/** A timer that goes off a moment too early does not go off twice for it. */
const EARLY_SHARE = 0.25;

/** Calls at each such moment until it is stopped. */
export class AlignedTimer {
  readonly #alignment: Alignment;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #call: () => void;
  #timer: NodeJS.Timeout;

  constructor(alignment: Alignment, clock: Pick<Clock, 'wallMs'>, call: () => void) {
    this.#alignment = alignment;
    this.#clock = clock;
    this.#call = call;
    this.#timer = this.#arm();
  }

  /** The process may end while it waits. */
  unref(): this {
    this.#timer.unref();
    return this;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(): NodeJS.Timeout {
    const { everyMs, offsetMs = 0 } = this.#alignment;
    const sinceMs = (this.#clock.wallMs() - offsetMs) % everyMs;
    const leftMs = everyMs - sinceMs;
    return setTimeout(
      () => {
        const isReferenced = this.#timer.hasRef();
        this.#timer = this.#arm();
        if (!isReferenced) this.#timer.unref();
        this.#call();
      },
      leftMs < everyMs * EARLY_SHARE ? leftMs + everyMs : leftMs,
    );
  }
}
