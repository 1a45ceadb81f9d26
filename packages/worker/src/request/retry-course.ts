/**
 * What a request remembers of the tries that came to nothing, and whether, when and where the next is made. Made with the
 * first of them: a request that is answered at once has none.
 *
 *     mayFollow ──▶ follows ──▶ wait ──▶ begins ──▶ end
 *         └── refused, and counted by why
 */
import type { RetryReason, RetryRefusal } from '@lb/shared/metrics/catalog';
import type { Backend } from '../balancing/backend.ts';
import type { Pool } from '../balancing/pool.ts';
import { backoffMs } from '../forward/backoff.ts';
import type { Failure } from '../forward/forwarder.ts';
import { refusalOf } from '../forward/retry.ts';
import type { Exchange } from './exchange.ts';

export class RetryCourse {
  /** undefined when the last try was answered. */
  lastFailure: Failure | undefined;
  readonly #exchange: Exchange;
  readonly #pool: Pool;
  readonly #only: readonly RetryReason[] | undefined;
  #attemptsUsed = 0;
  /** Of the try that is to be made. */
  #reason: RetryReason | undefined;
  #hasPlace = false;
  #isAside = false;
  #timer: NodeJS.Timeout | undefined;
  #leaveLine: (() => void) | undefined;

  /** @param only no other reasons count, whatever the pool says */
  constructor(exchange: Exchange, pool: Pool, only?: readonly RetryReason[]) {
    this.#exchange = exchange;
    this.#pool = pool;
    this.#only = only;
  }

  /** The next try passes by the backend of the session, which is there and keeps the session. */
  get isAside(): boolean {
    return this.#isAside;
  }

  /** Whether there may be another try; a refusal is counted. */
  mayFollow(reason: RetryReason | undefined): reason is RetryReason {
    const refusal = this.#refusalOf(reason);
    if (refusal === undefined) return true;
    this.#pool.metrics.retryRefused(refusal);
    return false;
  }

  /**
   * The same for a try that brought nothing: settles at once, unless the budget is used up and a place in it may be given back
   * soon; then it waits for that, as long as the longest backoff.
   */
  decide(reason: RetryReason | undefined, settle: (mayFollow: boolean) => void): void {
    const refusal = this.#refusalOf(reason);
    if (refusal !== 'budget') {
      if (refusal !== undefined) this.#pool.metrics.retryRefused(refusal);
      settle(refusal === undefined);
      return;
    }
    const { budget, backoff } = this.#pool.secondTries;
    this.#leaveLine = budget.wait(this.#pool, backoff.max, (hasPlace) => {
      // The client may have left in the moment in which its turn came.
      if (this.#exchange.isOver) {
        if (hasPlace) budget.giveBack(false, this.#nowMs());
        return;
      }
      this.#hasPlace = hasPlace;
      if (!hasPlace) this.#pool.metrics.retryRefused('budget');
      try {
        settle(hasPlace);
      } catch (error) {
        this.#exchange.fail(error);
      }
    });
  }

  /** The backend of the last try is not asked again while there is another. */
  pass(): void {
    const { backend, tried } = this.#exchange;
    if (backend !== undefined && !tried.includes(backend))
      this.#exchange.tried = [...tried, backend];
  }

  /** There is another try, for this reason. */
  follows(reason: RetryReason): void {
    this.#reason = reason;
    if (reason === 'stale') {
      this.#exchange.staleRetryUsed = true;
      return;
    }
    this.#attemptsUsed++;
    this.pass();
    // Who answers, or is slow, has its sessions still.
    if (reason !== 'connect' && reason !== 'reset') this.#isAside = true;
  }

  /** Calls back at once, or after the backoff: with this backend, or with another one should it have gone meanwhile. */
  wait(backend: Backend, attempt: (backend: Backend | undefined) => void): void {
    const waitMs = this.#waitMs(backend);
    if (waitMs === 0) {
      attempt(backend);
      return;
    }
    this.#timer = setTimeout(() => {
      try {
        attempt(backend.isServing ? backend : this.#pool.pick(this.#exchange));
      } catch (error) {
        this.#exchange.fail(error);
      }
    }, waitMs);
  }

  /** The try is made. */
  begins(): void {
    if (this.#reason !== undefined) this.#pool.metrics.retried(this.#reason);
    this.#reason = undefined;
  }

  /** There will be no other try. A second call does nothing. @param wasInVain the tries brought nothing that could be used */
  end(wasInVain: boolean): void {
    clearTimeout(this.#timer);
    this.#leaveLine?.();
    if (!this.#hasPlace) return;
    this.#hasPlace = false;
    this.#pool.secondTries.budget.giveBack(wasInVain, this.#nowMs());
  }

  #refusalOf(reason: RetryReason | undefined): RetryRefusal | undefined {
    const isOut = reason !== undefined && this.#only?.includes(reason) === false;
    const rules = this.#pool.secondTries;
    const word = isOut ? undefined : reason;
    const refusal = refusalOf(word, this.#exchange, rules, this.#attemptsUsed);
    if (refusal !== undefined || word === undefined) return refusal;
    return this.#hasBudget(word) ? undefined : 'budget';
  }

  /** A try that reached no backend was a burden to none; of the others a request has one at a time, and so one place. */
  #hasBudget(reason: RetryReason): boolean {
    const { budget } = this.#pool.secondTries;
    if (reason === 'stale' || this.#hasPlace) return true;
    if (reason === 'connect') return !budget.isNothing;
    this.#hasPlace = budget.take(this.#pool, 1, this.#nowMs());
    return this.#hasPlace;
  }

  /** That one backend failed says nothing about another: the first retry goes there at once. */
  #waitMs(backend: Backend): number {
    const { tried, services } = this.#exchange;
    if (this.#reason === 'stale') return 0;
    if (this.#attemptsUsed === 1 && !tried.includes(backend)) return 0;
    return backoffMs(this.#pool.secondTries.backoff, this.#attemptsUsed - 1, services.random);
  }

  #nowMs(): number {
    return this.#exchange.services.clock.monotonicMs();
  }
}
