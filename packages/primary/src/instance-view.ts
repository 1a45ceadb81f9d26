/** What the instance says about itself, put together from its parts: the admin API's context, read at every question. */
import { hostname } from 'node:os';
import type {
  BackendChangeRequest,
  BackendReply,
  OverridesClearedReply,
  OverridesReply,
  PoolReply,
  RouteReply,
  StatusReply,
  WorkerReply,
} from '@lb/shared/admin-api/contract';
import {
  type BackendSnapshot,
  type PoolSnapshot,
  takesNewTraffic,
} from '@lb/shared/model/snapshot';
import { formatBind } from '@lb/shared/net/bind-address';
import type { AdminAction, AdminContext, BackendOutcome } from './admin/context.ts';
import type { ConfigInForce, ReloadOutcome } from './config/reload.ts';
import type { HealthMonitor } from './health/health-monitor.ts';
import type { SlowStarts } from './health/slow-starts.ts';
import type { ListenerSet } from './listeners/listener-set.ts';
import type { MetricsAggregate } from './metrics/aggregate.ts';
import type { BackendWindow } from './metrics/backend-window.ts';
import type { ExpositionPage } from './metrics/exposition.ts';
import { factsOf, reasonOf } from './overrides/override.ts';
import type { Overriding } from './overrides/overriding.ts';
import type { InstanceFacts } from './store/membership.ts';
import type { Sharing } from './store/sharing.ts';
import type { SnapshotPublisher } from './snapshot/publisher.ts';
import type { LoadExchange } from './workers/load-exchange.ts';
import type { Supervisor } from './workers/supervisor.ts';
import type { Worker } from './workers/worker.ts';

export type InstanceState = StatusReply['state'];

export interface InstanceViewOptions {
  readonly version: string;
  readonly startedAtMs: number;
  /** Null when there is no file. */
  readonly configPath: string | null;
  readonly state: () => InstanceState;
  readonly configInForce: () => ConfigInForce;
  readonly listeners: ListenerSet;
  readonly supervisor: Supervisor;
  readonly load: LoadExchange;
  readonly publisher: SnapshotPublisher;
  readonly health: HealthMonitor;
  readonly overriding: Overriding;
  readonly slowStarts: Pick<SlowStarts, 'progressOf'>;
  readonly metrics: MetricsAggregate;
  readonly window: BackendWindow;
  readonly sharing: Sharing;
  readonly refreshMetrics: () => void;
  readonly reload: () => Promise<ReloadOutcome>;
  readonly stop: (timeoutMs: number | undefined) => void;
}

export class InstanceView implements AdminContext {
  readonly #parts: InstanceViewOptions;

  constructor(parts: InstanceViewOptions) {
    this.#parts = parts;
  }

  status(): StatusReply {
    const { version, startedAtMs, configPath, state, configInForce, supervisor } = this.#parts;
    const { hash, loadedAtMs, lastReloadFailed } = configInForce();
    return {
      version,
      node: process.versions.node,
      pid: process.pid,
      startedAt: new Date(startedAtMs).toISOString(),
      state: state(),
      config: {
        path: configPath,
        hash,
        loadedAt: new Date(loadedAtMs).toISOString(),
        lastReloadFailed,
      },
      store: this.#parts.sharing.state,
      instances: this.#parts.sharing.instances,
      workers: supervisor.workers.map((worker) => this.#worker(worker)),
      listeners: this.#listeners(),
      totals: this.#totals(),
    };
  }

  /** What this instance tells the others of itself. */
  facts(): InstanceFacts {
    const { version, startedAtMs, configInForce, supervisor } = this.#parts;
    return {
      id: `${hostname()}/${process.pid}/${startedAtMs}`,
      host: hostname(),
      pid: process.pid,
      version,
      startedAt: new Date(startedAtMs).toISOString(),
      configHash: configInForce().hash,
      workers: supervisor.workers.length,
    };
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

  async changeBackend(
    pool: string,
    name: string,
    change: BackendChangeRequest,
    by: string,
  ): Promise<BackendOutcome> {
    const outcome = await this.#parts.overriding.control.change(pool, name, change, by);
    if (!outcome.ok) return outcome;
    const backend = this.backend(pool, name);
    if (backend === undefined)
      return {
        ok: false,
        status: 404,
        message: `${pool}/${name} was removed by a reload just now`,
      };
    return { ok: true, backend: { ...backend, warning: outcome.warning } };
  }

  overrides(): OverridesReply {
    const { publisher, overriding } = this.#parts;
    const { overrides } = overriding;
    return {
      overrides: overrides.entries.map(({ pool, backend, override }) => ({
        pool,
        backend,
        isConfigured: publisher.slotOf(pool, backend) !== undefined,
        ...factsOf(override),
      })),
      warning: overrides.warning ?? null,
    };
  }

  clearOverrides(by: string): Promise<OverridesClearedReply> {
    return this.#parts.overriding.control.clear(by);
  }

  routes(): readonly RouteReply[] {
    const { routes } = this.#parts.configInForce().config;
    return routes.map(({ name, match, action }) => ({ name, match, action }));
  }

  config(resolved: boolean): unknown {
    const { config, written } = this.#parts.configInForce();
    return resolved ? config : written;
  }

  reload(): Promise<ReloadOutcome> {
    return this.#parts.reload();
  }

  stop(timeoutMs: number | undefined): void {
    this.#parts.stop(timeoutMs);
  }

  /** Ready means: a request that comes now has a fair chance. */
  ready(): { ready: boolean; reason: string } {
    const { state, supervisor, publisher } = this.#parts;
    if (state() === 'draining') return { ready: false, reason: 'draining' };
    if (!supervisor.workers.some((worker) => worker.state === 'running')) {
      return { ready: false, reason: 'no worker accepts connections yet' };
    }
    const { pools } = publisher;
    if (pools.length > 0 && !pools.some((pool) => this.#isAvailable(pool))) {
      return { ready: false, reason: 'no pool has a backend that may take traffic' };
    }
    return { ready: true, reason: 'ready' };
  }

  metrics(accept: string | undefined): Promise<ExpositionPage> {
    this.#parts.refreshMetrics();
    return this.#parts.metrics.expose(accept);
  }

  countAction(action: AdminAction, result: string): void {
    this.#parts.metrics.add('lb_admin_actions_total', [action, result]);
  }

  #isAvailable(pool: PoolSnapshot): boolean {
    const { effectiveOf } = this.#parts.overriding;
    return pool.backends.some((backend) => takesNewTraffic(effectiveOf(pool.name, backend)));
  }

  #worker({ id, slot, pid, state }: Worker): WorkerReply {
    const { metrics, load } = this.#parts;
    const label = String(slot);
    const delaySeconds = metrics.value('lb_worker_event_loop_delay_seconds', [label, '0.99']);
    return {
      id: slot,
      pid,
      state,
      connections: load.connectionsOf(id),
      requests: metrics.workerTotal(id, 'lb_http_requests_total'),
      eventLoopDelayMs: delaySeconds * 1_000,
      rssBytes: metrics.workerTotal(id, 'lb_worker_rss_bytes'),
    };
  }

  #listeners(): StatusReply['listeners'] {
    const { listeners, load } = this.#parts;
    return listeners.listeners.map(({ name, bind, address }) => ({
      name,
      bind,
      address: formatBind(address),
      connections: load.connections(name),
    }));
  }

  #totals(): StatusReply['totals'] {
    const { metrics, window } = this.#parts;
    return {
      requests: metrics.total('lb_http_requests_total'),
      errors: metrics.total('lb_http_requests_total', ([, , , code]) => Number(code) >= 500),
      connections: metrics.total('lb_listener_connections'),
      inFlight: metrics.total('lb_http_requests_in_flight'),
      requestsPerSecond: window.requestsPerSecond(),
    };
  }

  #pool(pool: PoolSnapshot): PoolReply {
    const backends = pool.backends.map((backend) => this.#backend(pool.name, backend));
    return { name: pool.name, policy: pool.policy, backends };
  }

  #backend(pool: string, backend: BackendSnapshot): BackendReply {
    const { health, load, window, slowStarts } = this.#parts;
    const { overrides, effectiveOf } = this.#parts.overriding;
    const { reason, lastProbe } = health.describe(backend.slot);
    const { name, url, backup, weight, slot } = backend;
    const { state, weight: weightInUse } = effectiveOf(pool, backend);
    const slowStart = slowStarts.progressOf(slot);
    const override = overrides.of(pool, name);
    const isOverridden = state === 'draining' || state === 'maintenance';
    const overrideReason = isOverridden && override ? reasonOf(override) : undefined;
    return {
      name,
      url,
      state: state === 'unknown' ? 'up' : state,
      reason: overrideReason ?? reason,
      backup,
      weight,
      effectiveWeight: Math.round(weightInUse * (slowStart?.share ?? 1) * 100) / 100,
      slowStartLeftMs: slowStart === undefined ? null : Math.round(slowStart.leftMs),
      override: override === undefined ? null : factsOf(override),
      inFlight: load.inFlight(slot),
      ...window.of(pool, name),
      lastProbe,
    };
  }
}
