/** All the backends and pools of a worker, carried from snapshot to snapshot. */
import type { BreakerState } from '@lb/shared/metrics/catalog';
import type { BackendState, Snapshot } from '@lb/shared/model/snapshot';
import { ClientContexts } from '@lb/shared/net/client-tls';
import type { Clock, Random } from '@lb/shared/time/clock';
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
  readonly #random: Random;
  /** Place of this worker among all, from 0. */
  readonly #place: number;
  readonly #permits = new Map<number, Permits>();
  #bySlot = new Map<number, Backend>();
  #pools = new Map<string, Pool>();
  #sentLoad: Uint32Array = new Uint32Array(0);
  #slotCount = 0;

  constructor(cells: Cells, clock: Clock, random: Random, place: number) {
    this.#cells = cells;
    const nowMs = (): number => clock.monotonicMs();
    const limits = {
      random,
      nowMs,
      listener: this.desk,
      permitsOf: (slot: number) => this.#permitsOf(slot),
    };
    this.#tools = { clock, contexts: new ClientContexts(), limits };
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
    const { nowMs } = this.#tools.limits;
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
      const onWait = (waiting: Pool): void => this.desk.waits(waiting);
      const tools = { random: this.#random, startOffset, secret, nowMs, queueMax, onWait };
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

  /** Takes a backend out of rotation here; false when it was out already. */
  takeOut(backend: Backend): boolean {
    if (!backend.isServing) return false;
    backend.setState('down');
    this.#pools.get(backend.pool)?.changed();
    return true;
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
