/**
 * Keeps a worker below its limit of open files, so that it never meets EMFILE on accept: libuv then closes whatever waits in
 * the queue, without a word to anybody.
 *
 *     0 ........................ 3/4 of the limit ................ 7/8 ............... limit
 *       all connections are taken │ idle ones are closed for them │ none is taken; the rest is for backends and files
 */
import type { Clock } from '@lb/shared/time/clock';
import type { Logger } from 'pino';

/** Idle connections are closed so often at most: what is closed needs a turn of the event loop until it is gone. */
const RELIEF_INTERVAL_MS = 20;

const LOG_INTERVAL_MS = 10_000;

export interface DescriptorsOptions {
  /** undefined for none. */
  readonly limit: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Closes some of the connections that nobody uses, and returns how many. */
  readonly closeIdle: () => number;
}

export class Descriptors {
  readonly #options: DescriptorsOptions;
  readonly #scarce: number;
  readonly #full: number;
  #relievedMs = Number.NEGATIVE_INFINITY;
  #loggedMs = Number.NEGATIVE_INFINITY;

  constructor(options: DescriptorsOptions) {
    const { limit = Number.POSITIVE_INFINITY } = options;
    this.#options = options;
    this.#scarce = (limit * 3) / 4;
    this.#full = (limit * 7) / 8;
  }

  /**
   * Whether a connection that was accepted can be kept. The kernel gives the lowest number that is free, so its number says how
   * many are taken.
   */
  admits(descriptor: number): boolean {
    if (descriptor < this.#scarce) return true;
    this.relieve();
    return descriptor < this.#full;
  }

  /** Makes room; called as well when the system refused a connection to a backend. */
  relieve(): void {
    const { clock, log, limit, closeIdle } = this.#options;
    const now = clock.monotonicMs();
    if (now - this.#relievedMs < RELIEF_INTERVAL_MS) return;
    this.#relievedMs = now;
    const closed = closeIdle();
    if (now - this.#loggedMs < LOG_INTERVAL_MS) return;
    this.#loggedMs = now;
    log.warn({ limit, closed }, 'few file descriptors are left: idle connections are closed');
  }
}
