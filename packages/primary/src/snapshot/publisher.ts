/** Builds snapshots and brings them to the workers; between two of them it passes on what changes about single backends. */
import type { Config } from '@lb/shared/config/schema/root';
import type { BackendChange, ToWorker } from '@lb/shared/ipc/messages';
import type { Logger } from '@lb/shared/logging/logger';
import { type ConfigFiles, backendTlsSettings } from '@lb/shared/model/backend-tls';
import type { BackendSnapshot, Effective, PoolSnapshot, Snapshot } from '@lb/shared/model/snapshot';
import { storeSnapshot } from '@lb/shared/model/store-snapshot';
import type { SlowStarts } from '../health/slow-starts.ts';
import type { SlotTable } from './slots.ts';

/** How long the workers may take to apply a snapshot before that is worth a warning. */
export const APPLY_TIMEOUT_MS = 5_000;

export interface PublisherOptions {
  readonly slots: SlotTable;
  /** Takes the pools of a new snapshot, before it is asked what holds for them: a slot may have changed hands. */
  readonly follow: (pools: readonly PoolSnapshot[]) => void;
  /** What holds for a backend now, given as it is configured. */
  readonly effectiveOf: (pool: string, backend: BackendSnapshot) => Effective;
  /** Learns from what workers are told, and adds how far backends are. */
  readonly slowStarts: SlowStarts;
  /** Keys the sticky cookies. */
  readonly secret: () => string;
  readonly broadcast: (message: ToWorker) => void;
  /** Resolves to false when some worker does not work by this version in time. */
  readonly applied: (version: number, timeoutMs: number) => Promise<boolean>;
  readonly log: Logger;
}

/** Owns the version counter and the configuration in force, as workers see it. */
export class SnapshotPublisher {
  readonly #options: PublisherOptions;
  /** As configured. */
  #base: Snapshot;
  #bySlot: ReadonlyMap<number, Placed> = new Map();

  /** Begins with an empty snapshot of version 0; the first publish() fills it. */
  constructor(config: Config, options: PublisherOptions) {
    this.#options = options;
    const store = { timeoutMs: config.store.timeout, redis: null };
    this.#base = {
      version: 0,
      workerCount: 0,
      slotCount: 0,
      secret: '',
      config,
      store,
      instances: 1,
      pools: [],
    };
  }

  /** The snapshot in force, with the states and weights of this moment. */
  get current(): Snapshot {
    const pools = this.#base.pools.map((pool) => ({
      ...pool,
      backends: pool.backends.map((backend) => ({
        ...backend,
        ...this.#told(pool.name, backend),
      })),
    }));
    return { ...this.#base, pools };
  }

  /** Pools with the slots of their backends, in the order of the file; weights are the configured ones, states say nothing. */
  get pools(): readonly PoolSnapshot[] {
    return this.#base.pools;
  }

  get version(): number {
    return this.#base.version;
  }

  /**
   * Puts a configuration in force: from here on every worker is sent it, those that start later too.
   * @param files what it names
   */
  publish(config: Config, workerCount: number, files: ConfigFiles = new Map()): void {
    this.#base = { ...this.#build(config, files), workerCount, version: this.#base.version + 1 };
    this.#bySlot = new Map(
      this.#base.pools.flatMap(({ name: pool, backends }) =>
        backends.map((backend) => [backend.slot, { pool, backend }]),
      ),
    );
    this.#options.broadcast({ lb: 1, type: 'snapshot', snapshot: this.current });
  }

  /** Waits until every worker works by the version in force; to false, and with a line in the log, when that takes too long. */
  async settled(): Promise<boolean> {
    const { version } = this.#base;
    if (await this.#options.applied(version, APPLY_TIMEOUT_MS)) return true;
    this.#options.log.warn(
      { version, timeoutMs: APPLY_TIMEOUT_MS },
      'snapshot not applied in time',
    );
    return false;
  }

  /** The secret is another one: everybody works by it from here on. */
  changeSecret(): void {
    const version = this.#base.version + 1;
    this.#base = { ...this.#base, secret: this.#options.secret(), version };
    this.#options.broadcast({ lb: 1, type: 'snapshot', snapshot: this.current });
  }

  /** Tells the workers how many instances share the store. */
  changeInstances(instances: number): void {
    this.#base = { ...this.#base, instances };
    this.#options.broadcast({ lb: 1, type: 'peers', instances });
  }

  /** Tells the workers at once that other states or weights hold for these backends. */
  changed(slots: readonly number[]): void {
    this.#options.broadcast({ lb: 1, type: 'states', changes: this.#changes(slots) });
  }

  /** The same as a new version, for which settled() waits. */
  changedVersion(slots: readonly number[]): void {
    const version = this.#base.version + 1;
    this.#base = { ...this.#base, version };
    this.#options.broadcast({ lb: 1, type: 'states', changes: this.#changes(slots), version });
  }

  /** Undefined when the configuration in force does not have this backend. */
  slotOf(pool: string, backend: string): number | undefined {
    const backends = this.#base.pools.find(({ name }) => name === pool)?.backends;
    return backends?.find(({ name }) => name === backend)?.slot;
  }

  #told(pool: string, backend: BackendSnapshot): Effective {
    const { effectiveOf, slowStarts } = this.#options;
    return slowStarts.told(backend, effectiveOf(pool, backend));
  }

  #changes(slots: readonly number[]): BackendChange[] {
    return slots.flatMap((slot) => {
      const placed = this.#bySlot.get(slot);
      if (placed === undefined) return [];
      return [{ slot, ...this.#told(placed.pool, placed.backend) }];
    });
  }

  #build(config: Config, files: ConfigFiles): Snapshot {
    const slotOf = this.#options.slots.assign(config.pools);
    const pools = Object.entries(config.pools).map(([name, pool]): PoolSnapshot => ({
      ...pool,
      name,
      tls: backendTlsSettings(pool.tls, files),
      backends: pool.backends.map((backend) => ({
        ...backend,
        slot: slotOf(name, backend),
        state: 'unknown',
      })),
    }));
    this.#options.follow(pools);
    this.#options.slowStarts.follow(pools);
    const slotCount = this.#options.slots.count;
    const store = storeSnapshot(config.store, files);
    const secret = this.#options.secret();
    return { ...this.#base, slotCount, secret, config, store, pools };
  }
}

interface Placed {
  readonly pool: string;
  readonly backend: BackendSnapshot;
}
