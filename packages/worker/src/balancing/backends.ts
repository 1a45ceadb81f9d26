/** All the backends and pools of a worker, carried from snapshot to snapshot. */
import type { BackendState, Snapshot } from '@lb/shared/model/snapshot';
import { ClientContexts } from '@lb/shared/net/client-tls';
import type { Clock, Random } from '@lb/shared/time/clock';
import { OutcomeReport, type PackedOutcomes } from '../health/outcome-report.ts';
import type { Cells } from '../metrics/cells.ts';
import { BackendMetrics, PoolMetrics } from '../metrics/request-metrics.ts';
import { Backend, type BackendTools } from './backend.ts';
import { Pool } from './pool.ts';

export class Backends {
  readonly #cells: Cells;
  readonly #tools: BackendTools;
  readonly #outcomes = new OutcomeReport();
  readonly #random: Random;
  /** Place of this worker among all, from 0. */
  readonly #place: number;
  #bySlot = new Map<number, Backend>();
  #pools = new Map<string, Pool>();
  #sentLoad: Uint32Array = new Uint32Array(0);
  #sentRetries = '{}';
  #slotCount = 0;
  #tellOutcomes: () => void = () => undefined;

  constructor(cells: Cells, clock: Clock, random: Random, place: number) {
    this.#cells = cells;
    this.#tools = {
      clock,
      contexts: new ClientContexts(),
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
    const startOffset = this.#place / Math.max(1, snapshot.workerCount);
    for (const pool of snapshot.pools) {
      const backends = pool.backends.map((entry) => {
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
      const { secret } = snapshot;
      known?.apply(pool, backends, secret);
      const { clock } = this.#tools;
      const tools = { random: this.#random, clock, startOffset, secret };
      pools.set(
        pool.name,
        known ?? new Pool(pool, backends, new PoolMetrics(this.#cells, pool.name), tools),
      );
    }
    const removed = [...this.#bySlot.values()].filter(({ slot }) => !bySlot.has(slot));
    for (const backend of removed) backend.close();
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
    for (const { name, secondTries } of this.#pools.values())
      secondTries.budget.setElsewhere(retries[name] ?? 0);
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
}
