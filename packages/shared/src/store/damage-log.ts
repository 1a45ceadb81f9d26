/** Says that what is kept under a key is not ours; once a second at most, since every request that needs the key meets it. */
import type { Clock } from '../time/clock.ts';
import type { Logger } from '../logging/logger.ts';
import type { StoreError } from './store.ts';

const INTERVAL_MS = 1_000;

export class DamageLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  #lastMs = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @param error of an operation; any other than `damaged` is said where the store as a whole is looked after */
  report({ failure, message }: StoreError): void {
    if (failure !== 'damaged') return;
    this.#unsaid++;
    const now = this.#clock.monotonicMs();
    if (now - this.#lastMs < INTERVAL_MS) return;
    this.#log.warn({ reason: message, operations: this.#unsaid }, 'store operation failed');
    this.#lastMs = now;
    this.#unsaid = 0;
  }
}
