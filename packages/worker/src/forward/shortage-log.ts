/** Says that this machine runs out of what connections need, once a second at most since every request says it then, and has
 * room made. */
import type { Clock } from '@lb/shared/time/clock';
import type { Logger } from 'pino';
import type { Backend } from '../balancing/backend.ts';

const INTERVAL_MS = 1_000;

export class ShortageLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #makeRoom: () => void;
  #lastMs = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  constructor(log: Logger, clock: Clock, makeRoom: () => void) {
    this.#log = log;
    this.#clock = clock;
    this.#makeRoom = makeRoom;
  }

  /** @param detail what the system said: EMFILE and the like */
  report(backend: Backend, detail: string): void {
    this.#makeRoom();
    this.#unsaid++;
    const now = this.#clock.monotonicMs();
    if (now - this.#lastMs < INTERVAL_MS) return;
    this.#log.error(
      { pool: backend.pool, backend: backend.name, detail, tries: this.#unsaid },
      'no resources for a connection: raise the limits of this process',
    );
    this.#lastMs = now;
    this.#unsaid = 0;
  }
}
