/** Pools and backends as people see them, put together from the parts that know of them; read at every question. */
import type { BackendReply, PoolReply } from '@lb/shared/admin-api/contract';
import {
  type BackendSnapshot,
  type Effective,
  type PoolSnapshot,
  takesNewTraffic,
} from '@lb/shared/model/snapshot';
import type { HealthMonitor } from './health/health-monitor.ts';
import type { SlowStarts } from './health/slow-starts.ts';
import type { Limiting } from './limits/limiting.ts';
import type { MetricsAggregate } from './metrics/aggregate.ts';
import type { OutlierMonitor } from './outliers/outlier-monitor.ts';
import type { PanicWatch } from './outliers/panic-watch.ts';
import { factsOf, reasonOf } from './overrides/override.ts';
import type { Overriding } from './overrides/overriding.ts';
import type { SnapshotPublisher } from './snapshot/publisher.ts';
import type { Traffic } from './traffic/traffic.ts';
import type { LoadExchange } from './workers/load-exchange.ts';

export interface PoolViewParts {
  readonly publisher: Pick<SnapshotPublisher, 'pools'>;
  readonly health: HealthMonitor;
  readonly outliers: OutlierMonitor;
  readonly panic: PanicWatch;
  readonly overriding: Overriding;
  readonly limiting: Limiting;
  readonly slowStarts: Pick<SlowStarts, 'progressOf'>;
  readonly load: LoadExchange;
  readonly traffic: Traffic;
  readonly metrics: MetricsAggregate;
}

export class PoolView {
  readonly #parts: PoolViewParts;

  constructor(parts: PoolViewParts) {
    this.#parts = parts;
  }

  pools(): readonly PoolReply[] {
    return this.#parts.publisher.pools.map((pool) => this.#pool(pool));
  }

  pool(name: string): PoolReply | undefined {
    const found = this.#parts.publisher.pools.find((pool) => pool.name === name);
    return found === undefined ? undefined : this.#pool(found);
  }

  backend(poolName: string, name: string): BackendReply | undefined {
    const pool = this.#parts.publisher.pools.find((each) => each.name === poolName);
    const found = pool?.backends.find((each) => each.name === name);
    return found === undefined ? undefined : this.#backend(poolName, found);
  }

  /** Some backend may get traffic, if only because health is ignored. A breaker that is open now is not asked. */
  isAvailable(pool: PoolSnapshot): boolean {
    const { overriding, panic } = this.#parts;
    const isAvailable = (backend: BackendSnapshot): boolean =>
      takesNewTraffic(overriding.effectiveOf(pool.name, backend));
    return pool.backends.some(isAvailable) || panic.isPanicking(pool);
  }

  #pool(pool: PoolSnapshot): PoolReply {
    const { metrics, panic, traffic } = this.#parts;
    const { name, policy } = pool;
    return {
      name,
      policy,
      available: this.#available(pool),
      isPanicking: panic.isPanicking(pool),
      queueLength: metrics.value('lb_pool_queue_length', [name]),
      ...traffic.of({ pool: name }),
      backends: pool.backends.map((backend) => this.#backend(name, backend)),
    };
  }

  #available({ name, backends }: PoolSnapshot): number {
    return backends.filter((backend) => takesNewTraffic(this.#effectiveOf(name, backend))).length;
  }

  #effectiveOf(pool: string, backend: BackendSnapshot): Effective {
    const { overriding, limiting } = this.#parts;
    return limiting.joined(backend.slot, overriding.effectiveOf(pool, backend));
  }

  #backend(pool: string, backend: BackendSnapshot): BackendReply {
    const { health, limiting, load, traffic, slowStarts } = this.#parts;
    const { overrides } = this.#parts.overriding;
    const { name, url, backup, weight, slot } = backend;
    const { state, weight: weightInUse } = this.#effectiveOf(pool, backend);
    const slowStart = slowStarts.progressOf(slot);
    const override = overrides.of(pool, name);
    return {
      name,
      url,
      state: state === 'unknown' ? 'up' : state,
      reason: this.#reasonOf(pool, backend, state),
      backup,
      weight,
      effectiveWeight: Math.round(weightInUse * (slowStart?.share ?? 1) * 100) / 100,
      slowStartLeftMs: slowStart === undefined ? null : Math.round(slowStart.leftMs),
      override: override === undefined ? null : factsOf(override),
      inFlight: load.inFlight(slot),
      ...traffic.of({ pool, backend: name }),
      breaker: limiting.breakerOf(slot) ?? null,
      permits: limiting.permitsOf(slot) ?? null,
      lastProbe: health.describe(slot).lastProbe,
      recentProbes: [...health.recentProbes(slot)],
    };
  }

  #reasonOf(pool: string, { name, slot }: BackendSnapshot, state: Effective['state']): string {
    const { health, outliers, overriding } = this.#parts;
    const override = overriding.overrides.of(pool, name);
    const isOverridden = state === 'draining' || state === 'maintenance';
    const overrideReason = isOverridden && override ? reasonOf(override) : undefined;
    const ejectionReason = state === 'ejected' ? outliers.reasonOf(slot) : undefined;
    return overrideReason ?? ejectionReason ?? health.describe(slot).reason;
  }
}
