/** The circuit breakers of all backends of pools that want one: workers tell what came of their tries, this decides for all. */
import type { PermitReport, ToPrimary } from '@lb/shared/ipc/messages';
import type { BreakerState } from '@lb/shared/metrics/catalog';
import type { PoolSnapshot } from '@lb/shared/model/snapshot';
import type { Clock } from '@lb/shared/time/clock';
import { type Schedule, systemSchedule } from '../health/watch.ts';
import { Breaker, type BreakerConfig } from './breaker.ts';

/** A breaker came to another state. */
export interface BreakerChange {
  readonly slot: number;
  readonly pool: string;
  readonly backend: string;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly reason: string;
}

export interface BreakersOptions {
  readonly clock: Clock;
  readonly onChange: (change: BreakerChange) => void;
  /** So many tries of a half-open breaker may begin in this worker. */
  readonly allow: (workerId: number, slot: number, trials: number) => void;
  /** Replaced in tests. */
  readonly schedule?: Schedule;
}

interface Entry {
  readonly of: Wanted;
  readonly breaker: Breaker;
  /** Trials that each worker could use, as it said last: it does not say so again. */
  readonly wanted: Map<number, number>;
}

/** A backend that has a breaker. */
interface Wanted {
  readonly slot: number;
  readonly pool: string;
  readonly name: string;
  readonly url: string;
  readonly config: BreakerConfig;
}

export class Breakers {
  readonly #options: BreakersOptions;
  readonly #entries = new Map<number, Entry>();

  constructor(options: BreakersOptions) {
    this.#options = options;
  }

  /** Takes the pools of a snapshot. A backend that stays keeps its breaker as it is, with the new thresholds. */
  follow(pools: readonly PoolSnapshot[]): void {
    const wanted = new Map(pools.flatMap(wantedOf).map((each) => [each.slot, each]));
    for (const [slot, { of, breaker }] of this.#entries) {
      const next = wanted.get(slot);
      if (next?.pool === of.pool && next.name === of.name && next.url === of.url) continue;
      breaker.close();
      this.#entries.delete(slot);
    }
    for (const each of wanted.values()) {
      const known = this.#entries.get(each.slot);
      if (known === undefined) this.#entries.set(each.slot, this.#newEntry(each));
      else known.breaker.configure(each.config);
    }
  }

  /** Undefined for a backend without a breaker. */
  stateOf(slot: number): BreakerState | undefined {
    return this.#entries.get(slot)?.breaker.state;
  }

  /** What came of tries in a worker. */
  count({ slots, ended, failed }: Extract<ToPrimary, { type: 'tries' }>): void {
    for (const [place, slot] of slots.entries())
      this.#entries.get(slot)?.breaker.count(ended[place] ?? 0, failed[place] ?? 0);
  }

  /** A worker could use some trials. */
  report(workerId: number, { slot, wanted }: PermitReport): void {
    const entry = this.#entries.get(slot);
    entry?.wanted.set(workerId, wanted);
    if (entry !== undefined) this.#give(entry, workerId);
  }

  /** A worker is gone. */
  remove(workerId: number): void {
    for (const { wanted } of this.#entries.values()) wanted.delete(workerId);
  }

  /** Stops every timer. */
  close(): void {
    for (const { breaker } of this.#entries.values()) breaker.close();
    this.#entries.clear();
  }

  #give({ of: { slot }, breaker, wanted }: Entry, workerId: number): void {
    const trials = breaker.takeTrials(wanted.get(workerId) ?? 0);
    if (trials === 0) return;
    // Who was given some says anew what it wants.
    wanted.delete(workerId);
    this.#options.allow(workerId, slot, trials);
  }

  #newEntry(of: Wanted): Entry {
    const { slot, pool, name, config } = of;
    const { clock, schedule = systemSchedule, onChange } = this.#options;
    const breaker = new Breaker(config, {
      clock,
      schedule,
      onChange: (from, to, reason) => onChange({ slot, pool, backend: name, from, to, reason }),
      onTrials: () => {
        for (const workerId of entry.wanted.keys()) this.#give(entry, workerId);
      },
    });
    const entry: Entry = { of, breaker, wanted: new Map() };
    return entry;
  }
}

function wantedOf({ name: pool, circuitBreaker: config, backends }: PoolSnapshot): Wanted[] {
  if (config === null) return [];
  return backends.map(({ slot, name, url }) => ({ slot, pool, name, url, config }));
}
