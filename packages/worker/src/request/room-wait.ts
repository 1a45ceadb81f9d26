/** A request that found every backend full: it waits in the queue of its pool, and looks again when there may be room. */
import type { Backend } from '../balancing/backend.ts';
import type { Pool } from '../balancing/pool.ts';
import type { Place, Waiter } from '../balancing/wait-queue.ts';
import type { Priority } from '@lb/shared/config/schema/route';
import type { Exchange } from './exchange.ts';
import type { NoBackendReason } from './upstream-errors.ts';

/** What it does on behalf of its passage. */
export interface Seeker {
  readonly exchange: Exchange;
  readonly pool: Pool;
  readonly route: { readonly priority: Priority };
  /** Looks for a backend. */
  next(): void;
  /** Gives up. */
  refuse(reason: NoBackendReason): void;
}

/** The lower goes first. */
const RANKS: Readonly<Record<Priority, number>> = { critical: 0, normal: 1, sheddable: 2 };

export class RoomWait implements Waiter {
  readonly rank: number;
  readonly #seeker: Seeker;
  #place: Place | undefined;

  constructor(seeker: Seeker) {
    this.#seeker = seeker;
    this.rank = RANKS[seeker.route.priority];
  }

  /**
   * Waits, or gives up where that is no use. Whoever has waited already goes back to its place.
   * @param bound the only backend that will do: the one of its session
   */
  wait(bound: Backend | undefined): void {
    const { pool } = this.#seeker;
    const why = bound === undefined ? pool.whyNone : 'full';
    if (why !== 'full') {
      this.#seeker.refuse(why);
      return;
    }
    this.#place = pool.queue.enter(this, bound, this.#place);
    if (this.#place === undefined) this.#seeker.refuse('queue_full');
  }

  /** The request is over. */
  leave(): void {
    if (this.#place !== undefined) this.#seeker.pool.queue.leave(this.#place);
  }

  lookAgain(): void {
    try {
      this.#seeker.next();
    } catch (error) {
      this.#seeker.exchange.fail(error);
    }
  }

  givesWay(): void {
    this.#seeker.refuse('queue_full');
  }

  waitedTooLong(): void {
    this.#seeker.refuse('queue_timeout');
  }
}
