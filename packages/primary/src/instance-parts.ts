/**
 * Builds the parts of an instance and ties them together: with overrides/overriding.ts, config/changing.ts, health/conditions.ts,
 * persist/keeping.ts and workers/workforce.ts, the only file that constructs them. Nothing begins here.
 */
import type { Config } from '@lb/shared/config/schema/root';
import type { Logger } from '@lb/shared/logging/logger';
import { NO_ROUTE } from '@lb/shared/metrics/catalog';
import type { Clock, Random } from '@lb/shared/time/clock';
import type { Page } from './admin/page.ts';
import { AdminServer } from './admin/server.ts';
import { CacheControl } from './caches/cache-control.ts';
import type { ConfigOrigin, Loaded } from './config/config-origin.ts';
import { buildChanging, type Changing } from './config/changing.ts';
import type { ReloadOutcome } from './config/reload.ts';
import { Chronicle } from './events/chronicle.ts';
import { EventLog } from './events/event-log.ts';
import { buildConditions } from './health/conditions.ts';
import type { HealthMonitor } from './health/health-monitor.ts';
import { SlowStarts } from './health/slow-starts.ts';
import { InstanceView } from './instance-view.ts';
import type { InstanceState } from './instance-view.ts';
import type { Limiting } from './limits/limiting.ts';
import type { Dealer } from './listeners/dealer.ts';
import { InheritedSockets, type InheritedDescriptors } from './listeners/inherited-sockets.ts';
import type { ListenerPlan } from './listeners/listener-set.ts';
import { ListenerSet } from './listeners/listener-set.ts';
import { MetricsAggregate } from './metrics/aggregate.ts';
import type { OutlierMonitor } from './outliers/outlier-monitor.ts';
import { buildOverriding, type Overriding } from './overrides/overriding.ts';
import { RequestView } from './request-view.ts';
import { PoolView } from './pool-view.ts';
import { buildKeeping } from './persist/keeping.ts';
import type { Persistence } from './persist/persistence.ts';
import { CookieSecret } from './snapshot/cookie-secret.ts';
import { type PublisherOptions, SnapshotPublisher } from './snapshot/publisher.ts';
import { SlotTable } from './snapshot/slots.ts';
import { Sharing } from './store/sharing.ts';
import type { Statistics } from './traffic/statistics.ts';
import { Traffic } from './traffic/traffic.ts';
import type { LoadExchange } from './workers/load-exchange.ts';
import type { Questions } from './workers/questions.ts';
import type { Supervisor } from './workers/supervisor.ts';
import type { ForkWorker } from './workers/worker-process.ts';
import { buildWorkforce } from './workers/workforce.ts';

/** What an instance is made from. */
export interface PrimaryOptions {
  readonly origin: ConfigOrigin;
  /** What the origin gave at the start. */
  readonly first: Loaded;
  /** Where lbctl reaches this instance. */
  readonly socketPath: string;
  /** Folder for what outlives a restart; null when there is none. */
  readonly stateDir: string | null;
  /** Sockets that this process was started with. */
  readonly inherited: InheritedDescriptors;
  readonly fork: ForkWorker;
  /** The dashboard, where there is to be one. */
  readonly page: Page | undefined;
  readonly version: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

/** What the parts ask of the one that takes them through their life. */
export interface Lifecycle {
  readonly state: () => InstanceState;
  readonly reload: (guardMs?: number) => Promise<ReloadOutcome>;
  /** Why nothing can be changed now, if so. */
  readonly refusal: () => string | undefined;
  readonly apply: (loaded: Loaded, plan: ListenerPlan) => Promise<void>;
  readonly stop: (timeoutMs: number | undefined) => void;
}

/** The parts that somebody has to start, ask or close. */
export interface InstanceParts {
  readonly events: EventLog;
  readonly chronicle: Chronicle;
  readonly traffic: Traffic;
  readonly statistics: Statistics;
  readonly persistence: Persistence;
  readonly slowStarts: SlowStarts;
  readonly health: HealthMonitor;
  readonly outliers: OutlierMonitor;
  readonly overriding: Overriding;
  readonly load: LoadExchange;
  readonly limiting: Limiting;
  readonly questions: Questions;
  readonly supervisor: Supervisor;
  readonly listeners: ListenerSet;
  readonly dealer: Dealer;
  readonly secret: CookieSecret;
  readonly publisher: SnapshotPublisher;
  readonly sharing: Sharing;
  readonly cacheControl: CacheControl;
  readonly changing: Changing;
  readonly view: InstanceView;
  readonly admin: AdminServer;
}

/** Builds them. They know each other only by the functions they are handed here. */
export function buildParts(options: PrimaryOptions, lifecycle: Lifecycle): InstanceParts {
  const { clock, random, log, version, origin } = options;
  const startedAtMs = clock.wallMs();
  const wallMs = (): number => clock.wallMs();

  const { metrics, traffic, events } = buildRecords(options, startedAtMs);
  const told = { publisher: () => publisher, chronicle: () => chronicle };
  const overriding = buildOverriding(options, {
    ...told,
    conditionOf: (slot) => conditions.conditionOf(slot),
    readmit: (slot, by) => conditions.outliers.readmit(slot, by),
    inFlight: (slot) => workforce.load.inFlight(slot),
    registry: () => sharing.registry,
  });
  const slowStarts = new SlowStarts(clock, (change) => chronicle.slowStarted(change));
  const effectiveOf: typeof overriding.effectiveOf = (pool, backend) =>
    workforce.limiting.joined(backend.slot, overriding.effectiveOf(pool, backend));
  const conditions = buildConditions(options, { ...told, effectiveOf });
  const { health, outliers } = conditions;
  const chronicle = new Chronicle({
    metrics,
    events,
    log,
    wallMs,
    pools: () => publisher.pools,
    effectiveOf,
    slowStarts,
    isStoreUp: () => sharing.isUp,
    onPool: (pool) => conditions.poolChanged(pool),
  });
  const listeners = new ListenerSet(new InheritedSockets(options.inherited));
  const sharing = new Sharing({
    clock,
    random,
    log,
    facts: () => view.facts(),
    onJoin: (registry) => secret.agree(registry),
    onCount: (count) => publisher.changeInstances(count),
    onOverrides: (stored) => overriding.overrides.replace(stored),
    onStore: (reason) => chronicle.storeChanged(reason),
  });
  const workforce = buildWorkforce(options, {
    publisher: told.publisher,
    chronicle,
    overriding,
    conditions,
    listeners,
    sharing,
    metrics,
    traffic,
    invalidated: (cache, keys) => cacheControl.invalidated(cache, keys),
  });
  const { load, limiting, supervisor, dealer, questions } = workforce;
  const secret = new CookieSecret({
    stateDir: options.stateDir,
    onChange: () => publisher.changeSecret(),
    log,
  });
  const publishing = { ...conditions, ...workforce, secret, effectiveOf, slowStarts };
  const publisher = buildPublisher(options, publishing);
  const changing = buildChanging(options, {
    lifecycle,
    listeners,
    supervisor,
    chronicle,
    metrics,
    publisher,
    load,
  });
  const known = { publisher, load, traffic, overriding };
  const poolView = new PoolView({ ...known, ...conditions, limiting, slowStarts, metrics });
  const keeping = buildKeeping(options, {
    traffic,
    metrics,
    routes: () => routeNames(publisher.current.config),
    pools: () => poolView.pools(),
    hooks: chronicle.persistHooks,
  });
  const cacheControl = new CacheControl({
    clock,
    config: () => changing.reloader.inForce.config,
    id: () => view.facts().id,
    sharing,
    workers: workforce.workerCaches,
    metrics,
  });
  const shown = { listeners, supervisor, sharing, events, cacheControl, ...keeping, ...known };
  const view = new InstanceView({
    version,
    startedAtMs,
    configPath: origin.path,
    changing,
    poolView,
    requestView: new RequestView({ ...workforce, config: () => changing.reloader.inForce.config }),
    refreshMetrics: () => chronicle.refresh(),
    acted: (action, result, by) => chronicle.acted(action, result, by),
    metrics,
    ...shown,
    ...lifecycle,
  });
  const admin = new AdminServer({ context: view, log, clock, page: options.page });
  return {
    ...shown,
    health,
    outliers,
    limiting,
    questions,
    secret,
    slowStarts,
    chronicle,
    dealer,
    changing,
    view,
    admin,
  };
}

/** What brings snapshots to the workers, and before that to whoever follows the pools. */
function buildPublisher(
  { first, clock, log }: PrimaryOptions,
  parts: Pick<
    InstanceParts,
    'health' | 'outliers' | 'limiting' | 'load' | 'supervisor' | 'secret'
  > &
    Pick<PublisherOptions, 'effectiveOf' | 'slowStarts'>,
): SnapshotPublisher {
  const { health, outliers, limiting, load, supervisor, secret, effectiveOf, slowStarts } = parts;
  return new SnapshotPublisher(first.config, {
    slots: new SlotTable({
      monotonicMs: () => clock.monotonicMs(),
      isBusy: (slot) => load.inFlight(slot) > 0,
    }),
    follow: (pools) => {
      health.update(pools);
      outliers.update(pools);
      limiting.follow(pools);
    },
    effectiveOf,
    slowStarts,
    secret: () => secret.current,
    broadcast: (message) => supervisor.broadcast(message),
    applied: (target, timeoutMs) => supervisor.until(({ applied }) => applied >= target, timeoutMs),
    log,
  });
}

/** What counts and remembers, and needs nobody else for it. */
function buildRecords(
  { clock, log, version }: PrimaryOptions,
  startedAtMs: number,
): {
  readonly metrics: MetricsAggregate;
  readonly traffic: Traffic;
  readonly events: EventLog;
} {
  const startedAtSeconds = startedAtMs / 1_000;
  const node = process.versions.node;
  const metrics = new MetricsAggregate({ version, node, startedAtSeconds, log });
  const traffic = new Traffic(clock);
  const events = new EventLog({
    log,
    count: (type) => metrics.add('lb_events_total', [type]),
    wallMs: () => clock.wallMs(),
  });
  return { metrics, traffic, events };
}

/** Names that traffic is counted by. */
export function routeNames({ routes }: Config): readonly string[] {
  return [...routes.map(({ name }) => name), NO_ROUTE];
}
