/**
 * The snapshot: what is true now. The primary builds one on every change of the configuration and sends it to every
 * worker, which compiles it and replaces what it had. Between snapshots only the states of backends change (see ipc/).
 */
import type { BackendConfig, Config, PoolConfig } from '../config/schema/root.ts';
import type { BackendTlsSettings } from './backend-tls.ts';

/**
 * `unknown` until the first probe, and then like `up`: at start-up traffic is not held back for health.
 * `down` by probes or by real traffic. The admin API shows `unknown` as `up` with the reason "not probed yet".
 */
export type BackendState = 'unknown' | 'up' | 'down';

/** A backend in a snapshot. `slot` is its number in every typed array and message, kept while pool, name and url stay. */
export interface BackendSnapshot extends BackendConfig {
  readonly slot: number;
  readonly state: BackendState;
}

/** A pool in a snapshot. */
export interface PoolSnapshot extends Omit<PoolConfig, 'backends' | 'tls'> {
  readonly name: string;
  /** The same object for all of its backends, and in each snapshot another one. */
  readonly tls: BackendTlsSettings;
  readonly backends: readonly BackendSnapshot[];
}

/** Everything a worker needs; plain data, so that it crosses the process border as it is. */
export interface Snapshot {
  /** Grows by one with each snapshot of this primary. */
  readonly version: number;
  readonly workerCount: number;
  /** Length that covers every slot in use. */
  readonly slotCount: number;
  /** Keys the values of sticky cookies; never logged and never shown. */
  readonly secret: string;
  readonly config: Config;
  readonly pools: readonly PoolSnapshot[];
}
