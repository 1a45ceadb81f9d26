/** What the instance says about itself, put together from its parts: the admin API's context, read at every question. */
import { hostname } from 'node:os';
import type {
  BackendChangeRequest,
  BackendReply,
  CachePurgeReply,
  CacheReply,
  OverridesClearedReply,
  OverridesReply,
  PoolReply,
  RouteReply,
  StatusReply,
  WorkerReply,
} from '@lb/shared/admin-api/contract';
import type { ExplainRequest, PastRequestReply } from '@lb/shared/admin-api/explain';
import type { LogsReply } from '@lb/shared/admin-api/logs';
import type { EventReply } from '@lb/shared/admin-api/statistics';
import type { LogFilter } from '@lb/shared/model/log-filter';
import type { Purge } from '@lb/shared/model/purge';
import { formatBind } from '@lb/shared/net/bind-address';
import type {
  AccessReader,
  AdminAction,
  AdminContext,
  BackendOutcome,
  EventMark,
  ExplainOutcome,
  HistoryOutcome,
  HistoryPart,
  HistoryQuestion,
} from './admin/context.ts';
import type { CacheControl } from './caches/cache-control.ts';
import type { Changing } from './config/changing.ts';
import type { FileText } from './config/config-origin.ts';
import type { PlanOutcome, ReloadOutcome } from './config/reload.ts';
import type { EventLog } from './events/event-log.ts';
import type { ListenerSet } from './listeners/listener-set.ts';
import type { MetricsAggregate } from './metrics/aggregate.ts';
import type { ExpositionPage } from './metrics/exposition.ts';
import { factsOf } from './overrides/override.ts';
import type { Overriding } from './overrides/overriding.ts';
import type { Past } from './persist/past.ts';
import type { Persistence } from './persist/persistence.ts';
import type { RequestView } from './request-view.ts';
import type { PoolView } from './pool-view.ts';
import type { InstanceFacts } from './store/membership.ts';
import type { Sharing } from './store/sharing.ts';
import type { SnapshotPublisher } from './snapshot/publisher.ts';
import type { Statistics } from './traffic/statistics.ts';
import type { Traffic } from './traffic/traffic.ts';
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
  readonly changing: Changing;
  readonly listeners: ListenerSet;
  readonly supervisor: Supervisor;
  readonly load: LoadExchange;
  readonly publisher: SnapshotPublisher;
  readonly overriding: Overriding;
  readonly poolView: PoolView;
  readonly requestView: RequestView;
  readonly traffic: Traffic;
  readonly statistics: Statistics;
  readonly persistence: Persistence;
  readonly past: Past;
  readonly events: EventLog;
  readonly metrics: MetricsAggregate;
  readonly sharing: Sharing;
  readonly cacheControl: CacheControl;
  readonly refreshMetrics: () => void;
  /** Records a change that was asked for. */
  readonly acted: (action: AdminAction, result: string, by: string) => void;
  readonly reload: (guardMs?: number) => Promise<ReloadOutcome>;
  readonly stop: (timeoutMs: number | undefined) => void;
}

export class InstanceView implements AdminContext {
  readonly #parts: InstanceViewOptions;

  constructor(parts: InstanceViewOptions) {
    this.#parts = parts;
  }

  status(): StatusReply {
    const { version, startedAtMs, state, supervisor } = this.#parts;
    return {
      version,
      node: process.versions.node,
      pid: process.pid,
      startedAt: new Date(startedAtMs).toISOString(),
      state: state(),
      config: this.#config(),
      store: this.#parts.sharing.state,
      persist: this.#parts.persistence.state,
      instances: this.#parts.sharing.instances,
      workers: supervisor.workers.map((worker) => this.#worker(worker)),
      listeners: this.#listeners(),
      totals: this.#totals(),
    };
  }

  /** What this instance tells the others of itself. */
  facts(): InstanceFacts {
    const { version, startedAtMs, changing, supervisor } = this.#parts;
    return {
      id: `${hostname()}/${process.pid}/${startedAtMs}`,
      host: hostname(),
      pid: process.pid,
      version,
      startedAt: new Date(startedAtMs).toISOString(),
      configHash: changing.reloader.inForce.hash,
      workers: supervisor.workers.length,
    };
  }

  pools(): readonly PoolReply[] {
    return this.#parts.poolView.pools();
  }

  pool(name: string): PoolReply | undefined {
    return this.#parts.poolView.pool(name);
  }

  backend(pool: string, name: string): BackendReply | undefined {
    return this.#parts.poolView.backend(pool, name);
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

  caches(): Promise<readonly CacheReply[]> {
    return this.#parts.cacheControl.caches();
  }

  purge(wish: Pick<Purge, 'by' | 'value'>): Promise<CachePurgeReply> {
    return this.#parts.cacheControl.purge(wish);
  }

  routes(): readonly RouteReply[] {
    const { routes } = this.#parts.changing.reloader.inForce.config;
    return routes.map((route) => ({ ...route }));
  }

  config(resolved: boolean): unknown {
    const { config, written } = this.#parts.changing.reloader.inForce;
    return resolved ? config : written;
  }

  reload(guardMs?: number): Promise<ReloadOutcome> {
    return this.#parts.reload(guardMs);
  }

  plan(candidate?: FileText): Promise<PlanOutcome> {
    return this.#parts.changing.reloader.plan(candidate);
  }

  stop(timeoutMs: number | undefined): void {
    this.#parts.stop(timeoutMs);
  }

  /** Ready means: a request that comes now has a fair chance. */
  ready(): { ready: boolean; reason: string } {
    const { state, supervisor, publisher, poolView } = this.#parts;
    if (state() === 'draining') return { ready: false, reason: 'draining' };
    if (!supervisor.workers.some((worker) => worker.state === 'running')) {
      return { ready: false, reason: 'no worker accepts connections yet' };
    }
    const { pools } = publisher;
    if (pools.length > 0 && !pools.some((pool) => poolView.isAvailable(pool))) {
      return { ready: false, reason: 'no pool has a backend that may take traffic' };
    }
    return { ready: true, reason: 'ready' };
  }

  metrics(accept: string | undefined): ExpositionPage {
    this.#parts.refreshMetrics();
    return this.#parts.metrics.expose(accept);
  }

  history(part: HistoryPart, asked: HistoryQuestion): Promise<HistoryOutcome> {
    return this.#parts.past.history(part, asked);
  }

  watchStats(watcher: (sample: string) => void): () => void {
    return this.#parts.statistics.watch(watcher);
  }

  events(since: EventMark): readonly EventReply[] {
    return this.#parts.events.ring.since(since);
  }

  watchEvents(watcher: (event: EventReply) => void): () => void {
    return this.#parts.events.ring.watch(watcher);
  }

  explain(request: ExplainRequest): Promise<ExplainOutcome> {
    return this.#parts.requestView.explain(request);
  }

  pastRequests(): Promise<readonly PastRequestReply[]> {
    return this.#parts.requestView.pastRequests();
  }

  pastLogs(last: number, filter: LogFilter): Promise<LogsReply> {
    return this.#parts.requestView.pastLogs(last, filter);
  }

  watchLogs(filter: LogFilter, reader: AccessReader): () => void {
    return this.#parts.requestView.watchLogs(filter, reader);
  }

  countAction(action: AdminAction, result: string, by: string): void {
    this.#parts.acted(action, result, by);
  }

  #config(): StatusReply['config'] {
    const { configPath, changing } = this.#parts;
    const { hash, loadedAtMs, lastReloadFailed, revertedBecause } = changing.reloader.inForce;
    const until = changing.guard.watchesUntilMs;
    return {
      path: configPath,
      hash,
      loadedAt: new Date(loadedAtMs).toISOString(),
      lastReloadFailed,
      revertedBecause,
      guardedUntil: until === undefined ? null : new Date(until).toISOString(),
    };
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
    const { metrics, traffic } = this.#parts;
    return {
      requests: metrics.total('lb_http_requests_total'),
      errors: metrics.total('lb_http_requests_total', ([, , , code]) => Number(code) >= 500),
      connections: metrics.total('lb_listener_connections'),
      inFlight: metrics.total('lb_http_requests_in_flight'),
      ...traffic.of(),
    };
  }
}
