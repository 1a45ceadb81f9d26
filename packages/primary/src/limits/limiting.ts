/** The limits of backends over all workers: permits for maxConnections, and circuit breakers. */
import type { PermitChange, ToPrimary, ToWorker } from '@lb/shared/ipc/messages';
import type { BreakerState } from '@lb/shared/metrics/catalog';
import type { Effective, PoolSnapshot } from '@lb/shared/model/snapshot';
import type { Clock } from '@lb/shared/time/clock';
import { Breakers, type BreakerChange } from './breakers.ts';
import { type PermitCount, PermitLedger } from './permit-ledger.ts';

export interface LimitingOptions {
  readonly clock: Clock;
  readonly workerCount: () => number;
  readonly send: (workerId: number, message: ToWorker) => void;
  readonly onBreaker: (change: BreakerChange) => void;
}

/** What workers say about limits. */
export type LimitMessage = Extract<ToPrimary, { type: 'permits' | 'tries' }>;

export class Limiting {
  readonly #permits: PermitLedger;
  readonly #breakers: Breakers;

  constructor({ clock, workerCount, send, onBreaker }: LimitingOptions) {
    const change = (id: number, changes: readonly PermitChange[]): void =>
      send(id, { lb: 1, type: 'permits', changes });
    this.#permits = new PermitLedger({ workerCount, send: change });
    this.#breakers = new Breakers({
      clock,
      onChange: onBreaker,
      allow: (id, slot, trials) => change(id, [{ slot, granted: 0, recalled: 0, trials }]),
    });
  }

  /** Takes the pools of a snapshot, before it is sent. */
  follow(pools: readonly PoolSnapshot[]): void {
    this.#permits.follow(pools);
    this.#breakers.follow(pools);
  }

  receive(workerId: number, message: LimitMessage): void {
    if (message.type === 'tries') {
      this.#breakers.count(message);
      return;
    }
    for (const report of message.reports) {
      this.#permits.report(workerId, report);
      this.#breakers.report(workerId, report);
    }
  }

  /** Undefined for a backend without a breaker. */
  breakerOf(slot: number): BreakerState | undefined {
    return this.#breakers.stateOf(slot);
  }

  /** Of a backend with maxConnections: how many there are, and how many the workers have. */
  permitsOf(slot: number): PermitCount | undefined {
    return this.#permits.of(slot);
  }

  /** What holds for a backend beside its limits, joined with its breaker. */
  joined(slot: number, effective: Effective): Effective {
    return { ...effective, breaker: this.breakerOf(slot) ?? 'closed' };
  }

  /** A worker is gone. */
  remove(workerId: number): void {
    this.#permits.remove(workerId);
    this.#breakers.remove(workerId);
  }

  /** Stops every timer. */
  close(): void {
    this.#breakers.close();
  }
}
