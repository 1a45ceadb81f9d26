/** All the backends and pools of a worker, carried from snapshot to snapshot. */
import type { BreakerState } from '@lb/shared/metrics/catalog';
import type { BackendState, Snapshot } from '@lb/shared/model/snapshot';
import { ClientContexts } from '@lb/shared/net/client-tls';
import type { Clock, Random } from '@lb/shared/time/clock';
import { OutcomeReport, type PackedOutcomes } from '../health/outcome-report.ts';
import type { Cells } from '../metrics/cells.ts';
import { BackendMetrics, PoolMetrics } from '../metrics/request-metrics.ts';
import { Backend, type BackendTools } from './backend.ts';
import { LimitDesk } from './limits/limit-desk.ts';
import { Permits } from './limits/permits.ts';
import { Pool } from './pool.ts';

export class Backends {
  /** Where limits are agreed on with the primary. */
  readonly desk = new LimitDesk((slot) => this.#permitsOf(slot));
  readonly #cells: Cells;
  readonly #tools: BackendTools;
  readonly #outcomes = new OutcomeReport();
  readonly #random: Random;
  /** Place of this worker among all, from 0. */
  readonly #place: number;
  readonly #permits = new Map<number, Permits>();
  #bySlot = new Map<number, Backend>();
  #pools = new Map<string, Pool>();
  #sentLoad: Uint32Array = new Uint32Array(0);
  #sentRetries = '{}';
  #slotCount = 0;
  #tellOutcomes: () => void = () => undefined;

  constructor(cells: Cells, clock: Clock, random: Random, place: number) {
    this.#cells = cells;
    const limits = {
      random,
      nowMs: () => clock.monotonicMs(),
      listener: this.desk,
      permitsOf: (slot: number) => this.#permitsOf(slot),
    };
    this.#tools = {
      clock,
      contexts: new ClientContexts(),
      limits,
      outcomes: this.#outcomes,
      onOutlier: (backend) => {
        this.#eject(backend);
        this.#tellOutcomes();
      },
    };
    this.#random = random;
    this.#place = place;
  }

  /** Takes over a snapshot. What keeps its slot or its name stays the same object. */
  apply(snapshot: Snapshot): {
    readonly pools: ReadonlyMap<string, Pool>;
    readonly removed: readonly Backend[];
  } {
    const bySlot = new Map<number, Backend>();
    const pools = new Map<string, Pool>();
    const { secret } = snapshot;
    const workerCount = Math.max(1, snapshot.workerCount);
    const startOffset = this.#place / workerCount;
    for (const pool of snapshot.pools) {
      const backends = pool.backends.map((entry) => {
        if (entry.maxConnections > 0)
          this.#permitsOf(entry.slot).configure(entry.maxConnections, workerCount);
        const known = this.#bySlot.get(entry.slot);
        known?.apply(entry, pool);
        const backend =
          known ??
          new Backend(
            entry,
            pool,
            new BackendMetrics(this.#cells, pool.name, entry.name),
            this.#tools,
          );
        bySlot.set(entry.slot, backend);
        return backend;
      });
      const known = this.#pools.get(pool.name);
      const queueMax = shareOf(pool.queue.max, this.#place, workerCount);
      known?.apply(pool, backends, secret, queueMax);
      const { clock } = this.#tools;
      const onWait = (waiting: Pool): void => this.desk.waits(waiting);
      const tools = { random: this.#random, clock, startOffset, secret, queueMax, onWait };
      pools.set(
        pool.name,
        known ?? new Pool(pool, backends, new PoolMetrics(this.#cells, pool.name), tools),
      );
    }
    const removed = [...this.#bySlot.values()].filter(({ slot }) => !bySlot.has(slot));
    for (const backend of removed) backend.close();
    for (const [name, pool] of this.#pools) if (!pools.has(name)) pool.close();
    this.desk.follow(pools.values());
    this.#bySlot = bySlot;
    this.#pools = pools;
    this.#slotCount = snapshot.slotCount;
    return { pools, removed };
  }

  setState(slot: number, state: BackendState): void {
    const backend = this.#bySlot.get(slot);
    if (backend === undefined) return;
    backend.setState(state);
    this.#pools.get(backend.pool)?.changed();
  }

  setBreaker(slot: number, breaker: BreakerState): void {
    const backend = this.#bySlot.get(slot);
    if (backend === undefined || backend.breaker === breaker) return;
    backend.setBreaker(breaker);
    this.#pools.get(backend.pool)?.changed();
  }

  setWeight(slot: number, weight: number): void {
    const backend = this.#bySlot.get(slot);
    if (backend === undefined || backend.weight === weight) return;
    backend.setWeight(weight);
    this.#pools.get(backend.pool)?.changed();
  }

  /** @param elapsedMs how long it has been in slow start; undefined when it is in none */
  setSlowStart(slot: number, elapsedMs: number | undefined): void {
    const backend = this.#bySlot.get(slot);
    if (backend === undefined) return;
    backend.setSlowStart(elapsedMs);
    this.#pools.get(backend.pool)?.changed();
  }

  /** Takes a backend out of rotation here; false when it was out already. */
  takeOut(backend: Backend): boolean {
    if (!backend.isHealthy) return false;
    backend.setState('down');
    this.#pools.get(backend.pool)?.changed();
    return true;
  }

  /** Closes some of the idle connections to each backend. @returns how many */
  closeIdle(): number {
    let closed = 0;
    for (const { connections } of this.#bySlot.values()) closed += connections.closeIdle();
    return closed;
  }

  /** Calls `tell` when what came of tries has to be told at once: a backend gave enough errors in a row to be ejected. */
  onOutlier(tell: () => void): void {
    this.#tellOutcomes = tell;
  }

  /** What came of tries since the last call; undefined when nothing did. */
  takeOutcomes(): PackedOutcomes | undefined {
    return this.#outcomes.take();
  }

  /** @param retries by pool; a pool that it does not name has none elsewhere */
  setLoadElsewhere(inFlight: Uint32Array, retries: Readonly<Record<string, number>>): void {
    for (const backend of this.#bySlot.values())
      backend.setInFlightElsewhere(inFlight[backend.slot] ?? 0);
    const nowMs = this.#tools.clock.monotonicMs();
    for (const { name, secondTries } of this.#pools.values())
      secondTries.budget.setElsewhere(retries[name] ?? 0, nowMs);
  }

  /** What is in flight here, by slot. */
  load(): Uint32Array {
    const load = new Uint32Array(this.#slotCount);
    for (const backend of this.#bySlot.values()) load[backend.slot] = backend.inFlight;
    return load;
  }

  /** Same, or undefined when nothing changed since the last call. */
  takeChangedLoad(): Uint32Array | undefined {
    const load = this.load();
    if (
      load.length === this.#sentLoad.length &&
      load.every((count, slot) => count === this.#sentLoad[slot])
    ) {
      return undefined;
    }
    this.#sentLoad = load;
    return load;
  }

  /** Out here until the primary says otherwise; it hears of it next, and may. */
  #eject(backend: Backend): void {
    const pool = this.#pools.get(backend.pool);
    if (backend.state !== 'up' && backend.state !== 'unknown') return;
    if (pool?.mayEject(backend) !== true) return;
    backend.setState('ejected');
    pool.changed();
  }

  /** Places taken in the budgets of retries here, by pool. */
  retries(): Record<string, number> {
    const nowMs = this.#tools.clock.monotonicMs();
    const taken: Record<string, number> = {};
    for (const { name, secondTries } of this.#pools.values()) {
      const places = secondTries.budget.taken(nowMs);
      if (places > 0) taken[name] = places;
    }
    return taken;
  }

  /** Same, or undefined when nothing changed since the last call. */
  takeChangedRetries(): Record<string, number> | undefined {
    const taken = this.retries();
    const text = JSON.stringify(taken);
    if (text === this.#sentRetries) return undefined;
    this.#sentRetries = text;
    return taken;
  }

  #permitsOf(slot: number): Permits {
    const known = this.#permits.get(slot) ?? new Permits();
    this.#permits.set(slot, known);
    return known;
  }
}

/** What one of several workers has of a number; at least one, unless there is nothing to share. */
function shareOf(total: number, place: number, workerCount: number): number {
  const share = Math.floor(total / workerCount) + (place < total % workerCount ? 1 : 0);
  return total === 0 ? 0 : Math.max(1, share);
}
