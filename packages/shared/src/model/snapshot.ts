/**
 * The snapshot: what is true now. The primary builds one on every change of the configuration and sends it to every
 * worker, which compiles it and replaces what it had. Between snapshots only what is `Effective` of backends changes (see ipc/).
 */
import type { BackendConfig, Config, PoolConfig } from '../config/schema/root.ts';
import type { BreakerState } from '../metrics/catalog.ts';
import type { BackendTlsSettings } from './backend-tls.ts';
import type { StoreSnapshot } from './store-snapshot.ts';

/**
 * `unknown` until the first probe, and then like `up`: at start-up traffic is not held back for health.
 * `down` by probes or by real traffic. The admin API shows `unknown` as `up` with the reason "not probed yet".
 */
export type HealthState = 'unknown' | 'up' | 'down';

/**
 * Health joined with what real traffic and operators say: an `ejected` backend gets nothing until its time is over, a
 * `draining` one keeps the sessions it has and gets no new ones, one in `maintenance` gets nothing. What is in flight to any
 * of them goes on.
 */
export type BackendState = HealthState | 'ejected' | 'draining' | 'maintenance';

/** A backend in a snapshot. `slot` is its number in every typed array and message, kept while pool, name and url stay. */
export interface BackendSnapshot extends BackendConfig {
  readonly slot: number;
  readonly state: BackendState;
  /** How long it has been in slow start; absent when it is in none. Each process has a monotonic clock of its own. */
  readonly slowStartMs?: number;
  /** Absent where it is closed, or there is none. */
  readonly breaker?: BreakerState;
}

/** What decides whether a backend gets traffic; the weight is the one in use, which need not be the configured one. */
export type Effective = Pick<BackendSnapshot, 'state' | 'weight' | 'slowStartMs' | 'breaker'>;

/** Whether a backend may get requests of whoever comes. */
export function takesNewTraffic({ state, weight, breaker }: Effective): boolean {
  return (state === 'unknown' || state === 'up') && weight > 0 && breaker !== 'open';
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
  readonly store: StoreSnapshot;
  /** That share the store, this one included. */
  readonly instances: number;
  readonly pools: readonly PoolSnapshot[];
}
