/** A second try beside a slow first one: a place in the budget, a backend that is busy with it, and whose events they are. */
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Backend } from '../balancing/backend.ts';
import type { Failure, Try, TryEvents, UpstreamAnswer } from '../forward/forwarder.ts';
import type { RetryBudget } from '../forward/retry-budget.ts';
import type { HeadText } from '../http1/head-text.ts';

/** Who made the hedge, and gets what comes of it once it is the only try. */
export interface HedgeOwner extends TryEvents {
  onHedgeAnswer(answer: UpstreamAnswer, nowMs: number): void;
  onHedgeFailure(failure: Failure): void;
}

export interface HedgeSetup {
  readonly backend: Backend;
  readonly budget: RetryBudget;
  /** On the monotonic clock. */
  readonly startedMs: number;
}

export class Hedge implements TryEvents {
  readonly backend: Backend;
  readonly startedMs: number;
  attempt: Try | undefined;
  /** The other try is over; the owner has adopted this one and ends it like any other. */
  isAlone = false;
  readonly #owner: HedgeOwner;
  readonly #budget: RetryBudget;
  #hasPlace = true;

  /** Takes over a place that was taken in the budget. */
  constructor(owner: HedgeOwner, { backend, budget, startedMs }: HedgeSetup) {
    this.#owner = owner;
    this.#budget = budget;
    this.backend = backend;
    this.startedMs = startedMs;
    backend.begin();
  }

  /** Nobody wants what it may still bring. */
  cancel(nowMs: number): void {
    this.attempt?.cancel();
    this.end(false, nowMs);
  }

  /** It is over; not to be called once it is alone. */
  end(wasInVain: boolean, nowMs: number): void {
    this.backend.end();
    this.giveBack(wasInVain, nowMs);
  }

  /** The place is not needed any more. A second call does nothing. */
  giveBack(wasInVain: boolean, nowMs: number): void {
    if (!this.#hasPlace) return;
    this.#hasPlace = false;
    this.#budget.giveBack(wasInVain, nowMs);
  }

  onInformation(status: number, lines: HeadText): void {
    if (this.isAlone) this.#owner.onInformation(status, lines);
  }

  onAnswer(answer: UpstreamAnswer, nowMs: number): void {
    this.#owner.onHedgeAnswer(answer, nowMs);
  }

  onFailure(failure: Failure): void {
    this.#owner.onHedgeFailure(failure);
  }

  onBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#owner.onBody(buffer, start, end);
  }

  onFlush(): void {
    this.#owner.onFlush();
  }

  onEnd(trailers: readonly string[], nowMs: number): void {
    this.#owner.onEnd(trailers, nowMs);
  }

  onCut(code: FailureCode, detail: string): void {
    this.#owner.onCut(code, detail);
  }
}
