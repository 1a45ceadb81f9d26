/** Builds snapshots and brings them to the workers; between two of them it passes on what changes in the backends' health. */
import type { Config } from '@lb/shared/config/schema/root';
import type { ToWorker } from '@lb/shared/ipc/messages';
import type { Logger } from '@lb/shared/logging/logger';
import { type ConfigFiles, backendTlsSettings } from '@lb/shared/model/backend-tls';
import type { BackendState, PoolSnapshot, Snapshot } from '@lb/shared/model/snapshot';
import type { SlotTable } from './slots.ts';

/** How long the workers may take to apply a snapshot before that is worth a warning. */
export const APPLY_TIMEOUT_MS = 5_000;

export interface PublisherOptions {
  readonly slots: SlotTable;
  /** Takes the pools of a new snapshot, before their states are asked: a slot may have changed hands. */
  readonly follow: (pools: readonly PoolSnapshot[]) => void;
  /** The health of a backend now; `unknown` for one that was never probed. */
  readonly stateOf: (slot: number) => BackendState;
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
  #base: Snapshot;

  /** Begins with an empty snapshot of version 0; the first publish() fills it. */
  constructor(config: Config, options: PublisherOptions) {
    this.#options = options;
    this.#base = { version: 0, workerCount: 0, slotCount: 0, secret: '', config, pools: [] };
  }

  /** The snapshot in force, with the states of this moment. */
  get current(): Snapshot {
    return this.#withStates(this.#base);
  }

  /** Pools with the slots of their backends, in the order of the file; their states are old. */
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
    this.#options.broadcast({ lb: 1, type: 'snapshot', snapshot: this.#base });
  }

  /** Waits until every worker works by the snapshot in force; says so in the log when that takes too long. */
  async settled(): Promise<void> {
    const { version } = this.#base;
    if (await this.#options.applied(version, APPLY_TIMEOUT_MS)) return;
    this.#options.log.warn(
      { version, timeoutMs: APPLY_TIMEOUT_MS },
      'snapshot not applied in time',
    );
  }

  /** Tells the workers about a change of health at once. */
  changeState(slot: number, state: BackendState): void {
    this.#options.broadcast({ lb: 1, type: 'states', changes: [{ slot, state }] });
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
    const slotCount = this.#options.slots.count;
    const secret = this.#options.secret();
    return this.#withStates({ ...this.#base, slotCount, secret, config, pools });
  }

  #withStates(snapshot: Snapshot): Snapshot {
    const { stateOf } = this.#options;
    const pools = snapshot.pools.map((pool) => ({
      ...pool,
      backends: pool.backends.map((backend) => ({ ...backend, state: stateOf(backend.slot) })),
    }));
    return { ...snapshot, pools };
  }
}
