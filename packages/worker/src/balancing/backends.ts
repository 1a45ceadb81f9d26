/** All the backends and pools of a worker, carried from snapshot to snapshot. */
import type { BackendState, Snapshot } from '@lb/shared/model/snapshot';
import { ClientContexts } from '@lb/shared/net/client-tls';
import type { Clock, Random } from '@lb/shared/time/clock';
import type { Cells } from '../metrics/cells.ts';
import { BackendMetrics, PoolMetrics } from '../metrics/request-metrics.ts';
import { Backend, type BackendTools } from './backend.ts';
import { Pool } from './pool.ts';

export class Backends {
  readonly #cells: Cells;
  readonly #tools: BackendTools;
  readonly #random: Random;
  /** Place of this worker among all, from 0. */
  readonly #place: number;
  #bySlot = new Map<number, Backend>();
  #pools = new Map<string, Pool>();
  #sentLoad: Uint32Array = new Uint32Array(0);
  #slotCount = 0;

  constructor(cells: Cells, clock: Clock, random: Random, place: number) {
    this.#cells = cells;
    this.#tools = { clock, contexts: new ClientContexts() };
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
      const tools = { random: this.#random, startOffset, secret };
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

  /** Takes a backend out of rotation here; false when it was out already. */
  takeOut(backend: Backend): boolean {
    if (!backend.isServing) return false;
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

  setLoadElsewhere(inFlight: Uint32Array): void {
    for (const backend of this.#bySlot.values())
      backend.setInFlightElsewhere(inFlight[backend.slot] ?? 0);
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
}
