/**
 * A point in time that is moved far more often than it is reached. Moving it later costs an assignment: the timer that is
 * armed already finds out when it fires, and goes on for the rest. A timer per request would cost more than its parsing.
 */
import type { Clock } from '@lb/shared/time/clock';

const NEVER = Number.POSITIVE_INFINITY;

export class Deadline {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #dueMs = NEVER;
  #timer: NodeJS.Timeout | undefined;
  #firesMs = NEVER;

  /** @param onDue called when it is reached, once for each time it was set */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** @param dueMs on the monotonic clock */
  set(dueMs: number): void {
    this.#dueMs = dueMs;
    if (dueMs < this.#firesMs) this.#arm(dueMs - this.#clock.monotonicMs());
  }

  /** There is nothing to wait for. */
  clear(): void {
    this.#dueMs = NEVER;
  }

  /** Same, and for good. */
  close(): void {
    this.#dueMs = NEVER;
    clearTimeout(this.#timer);
  }

  #arm(inMs: number): void {
    clearTimeout(this.#timer);
    this.#firesMs = this.#dueMs;
    this.#timer = setTimeout(() => this.#fire(), Math.max(1, inMs));
  }

  #fire(): void {
    this.#firesMs = NEVER;
    if (this.#dueMs === NEVER) return;
    const leftMs = this.#dueMs - this.#clock.monotonicMs();
    if (leftMs > 0) {
      this.#arm(leftMs);
      return;
    }
    this.#dueMs = NEVER;
    this.#onDue();
  }
}
