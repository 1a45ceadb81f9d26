/** Time that a test moves by hand: a clock and the timers that go by it. */
import type { Clock } from '@lb/shared/time/clock';

interface Entry {
  readonly atMs: number;
  readonly run: () => void;
}

/** Starts at zero; nothing happens until `advance`. */
export class Timeline implements Clock {
  #nowMs = 0;
  readonly #entries = new Set<Entry>();

  wallMs(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Timers that have not run. */
  get pending(): number {
    return this.#entries.size;
  }

  readonly schedule = (delayMs: number, run: () => void): (() => void) => {
    const entry = { atMs: this.#nowMs + delayMs, run };
    this.#entries.add(entry);
    return () => this.#entries.delete(entry);
  };

  /** Moves on, running what is due in order, with a turn of the event loop after each so that promises settle. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = [...this.#entries].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#entries.delete(next);
      next.run();
      await turn();
    }
    this.#nowMs = untilMs;
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
