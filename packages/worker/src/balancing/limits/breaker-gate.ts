/**
 * What this worker does for the circuit breaker of one backend: it keeps tries away while the breaker is open, lets as many
 * through as it was allowed while it is half open, and counts what came of them. The primary decides
 * (primary/src/limits/breaker.ts).
 */
import type { BreakerState } from '@lb/shared/metrics/catalog';

/** What came of tries since the last time. */
export interface TryCounts {
  readonly ended: number;
  readonly failed: number;
}

export class BreakerGate {
  #state: BreakerState = 'closed';
  #trials = 0;
  #ended = 0;
  #failed = 0;

  get state(): BreakerState {
    return this.#state;
  }

  /** Whether a try may begin. */
  get admits(): boolean {
    return this.#state === 'closed' || (this.#state === 'half_open' && this.#trials > 0);
  }

  set(state: BreakerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#trials = 0;
  }

  /** So many more tries may begin while it is half open. */
  allow(trials: number): void {
    if (this.#state === 'half_open') this.#trials += trials;
  }

  begin(): void {
    if (this.#trials > 0) this.#trials--;
  }

  /** A try ended. */
  count(isFailure: boolean): void {
    this.#ended++;
    if (isFailure) this.#failed++;
  }

  /** A try that had ended well was none: its body broke off. */
  countCut(): void {
    this.#failed++;
  }

  /** Undefined when nothing happened. */
  takeCounts(): TryCounts | undefined {
    if (this.#ended === 0 && this.#failed === 0) return undefined;
    const counts = { ended: this.#ended, failed: this.#failed };
    this.#ended = 0;
    this.#failed = 0;
    return counts;
  }
}
