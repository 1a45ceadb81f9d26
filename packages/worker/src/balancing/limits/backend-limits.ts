/**
 * What keeps tries away from a backend that is up: permits (maxConnections), a circuit breaker, adaptive concurrency. One
 * object for those of them that are on; a backend without any has none.
 */
import type { BackendSnapshot, PoolSnapshot } from '@lb/shared/model/snapshot';
import type { Random } from '@lb/shared/time/clock';
import { errorOf } from '../../health/error-status.ts';
import { BreakerGate } from './breaker-gate.ts';
import { GradientLimit } from './gradient-limit.ts';
import type { Permits } from './permits.ts';

/** Who is told what happens to tries on backends with limits. */
export interface TryListener {
  /** There may be room. */
  tryEnded(slot: number): void;
  /** What a breaker goes by has changed for the worse. */
  tryFailed(): void;
}

export interface LimitTools {
  readonly random: Random;
  readonly nowMs: () => number;
  /** The permits of a slot, kept as long as the worker lives: the primary counts on that. */
  readonly permitsOf: (slot: number) => Permits;
  readonly listener: TryListener;
}

/** Those of the limits that are on. */
interface Parts {
  readonly permits: Permits | undefined;
  readonly gate: BreakerGate | undefined;
  readonly gradient: GradientLimit | undefined;
}

export class BackendLimits {
  readonly permits: Permits | undefined;
  readonly gate: BreakerGate | undefined;
  readonly gradient: GradientLimit | undefined;
  readonly #slot: number;
  readonly #listener: TryListener;
  #begun = 0;

  private constructor({ permits, gate, gradient }: Parts, slot: number, listener: TryListener) {
    this.permits = permits;
    this.gate = gate;
    this.gradient = gradient;
    this.#slot = slot;
    this.#listener = listener;
  }

  /** The limits of a backend by a new snapshot; those that were there before go on. Undefined when there is none. */
  static of(
    before: BackendLimits | undefined,
    backend: BackendSnapshot,
    pool: PoolSnapshot,
    tools: LimitTools,
  ): BackendLimits | undefined {
    const hasPermits = backend.maxConnections > 0;
    const hasBreaker = pool.circuitBreaker !== null;
    if (!hasPermits && !hasBreaker && !pool.adaptiveConcurrency) return undefined;
    const { random, nowMs, permitsOf, listener } = tools;
    const parts: Parts = {
      permits: hasPermits ? permitsOf(backend.slot) : undefined,
      gate: hasBreaker ? (before?.gate ?? new BreakerGate()) : undefined,
      gradient: pool.adaptiveConcurrency
        ? (before?.gradient ?? new GradientLimit(random, nowMs()))
        : undefined,
    };
    parts.gate?.set(backend.breaker ?? 'closed');
    return new BackendLimits(parts, backend.slot, listener);
  }

  /** Whether one more try may begin. */
  hasRoom(inFlight: number): boolean {
    const { permits, gate } = this;
    return (
      (permits === undefined || inFlight < permits.held) &&
      (gate === undefined || gate.admits) &&
      (this.gradient === undefined || inFlight < this.gradient.limit)
    );
  }

  begin(): void {
    this.#begun++;
    this.gate?.begin();
  }

  /** The head of an answer came. @param inFlight this try included */
  answered(status: number, ms: number, nowMs: number, inFlight: number): void {
    const isFailure = errorOf(status) !== undefined;
    this.gate?.count(isFailure);
    if (isFailure) this.#listener.tryFailed();
    // An error is soon said: it tells nothing of how long the work takes.
    if (status < 500) this.gradient?.observe(ms, inFlight, nowMs);
  }

  failed(): void {
    this.gate?.count(true);
    this.#listener.tryFailed();
  }

  cut(): void {
    this.gate?.countCut();
    this.#listener.tryFailed();
  }

  /** A try is over, answered or not. */
  end(): void {
    this.#listener.tryEnded(this.#slot);
  }

  /** Tries that began since the last call. */
  takeBegun(): number {
    const begun = this.#begun;
    this.#begun = 0;
    return begun;
  }
}
