/** Builds the parts of an instance and ties them together: the only file that constructs them. Nothing begins here. */
import type { ToPrimary } from '@lb/shared/ipc/messages';
import type { Logger } from '@lb/shared/logging/logger';
import type { BackendState } from '@lb/shared/model/snapshot';
import type { Clock, Random } from '@lb/shared/time/clock';
import { AdminServer } from './admin/server.ts';
import type { ConfigOrigin, Loaded } from './config/config-origin.ts';
import type { ReloadOutcome } from './config/reload.ts';
import { Reloader } from './config/reload.ts';
import { Chronicle } from './events/chronicle.ts';
import { EventLog } from './events/event-log.ts';
import { HealthMonitor } from './health/health-monitor.ts';
import { InstanceView } from './instance-view.ts';
import type { InstanceState } from './instance-view.ts';
import { Dealer } from './listeners/dealer.ts';
import type { ListenerPlan } from './listeners/listener-set.ts';
import { ListenerSet } from './listeners/listener-set.ts';
import { MetricsAggregate } from './metrics/aggregate.ts';
import { BackendWindow } from './metrics/backend-window.ts';
import { CookieSecret } from './snapshot/cookie-secret.ts';
import { SnapshotPublisher } from './snapshot/publisher.ts';
import { SlotTable } from './snapshot/slots.ts';
import { LoadExchange } from './workers/load-exchange.ts';
import { Supervisor } from './workers/supervisor.ts';
import type { ForkWorker } from './workers/worker-process.ts';
import type { Worker } from './workers/worker.ts';

/** What an instance is made from. */
export interface PrimaryOptions {
  readonly origin: ConfigOrigin;
  /** What the origin gave at the start. */
  readonly first: Loaded;
  /** Where lbctl reaches this instance. */
  readonly socketPath: string;
  /** Where state is kept when the configuration does not say; undefined: nowhere. */
  readonly stateDirectory: string | undefined;
  readonly fork: ForkWorker;
  readonly version: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

/** What the parts ask of the one that takes them through their life. */
export interface Lifecycle {
  readonly state: () => InstanceState;
  readonly reload: () => Promise<ReloadOutcome>;
  readonly reloadRefusal: () => string | undefined;
  readonly apply: (loaded: Loaded, plan: ListenerPlan) => Promise<void>;
  readonly stop: (timeoutMs: number | undefined) => void;
}

/** The parts that somebody has to start, ask or close. */
export interface InstanceParts {
  readonly events: EventLog;
  readonly chronicle: Chronicle;
  readonly window: BackendWindow;
  readonly health: HealthMonitor;
  readonly load: LoadExchange;
  readonly supervisor: Supervisor;
  readonly listeners: ListenerSet;
  readonly dealer: Dealer;
  readonly secret: CookieSecret;
  readonly publisher: SnapshotPublisher;
  readonly reloader: Reloader;
  readonly view: InstanceView;
  readonly admin: AdminServer;
}

/** Builds them. They know each other only by the functions they are handed here. */
export function buildParts(options: PrimaryOptions, lifecycle: Lifecycle): InstanceParts {
  const { clock, random, log, version, first, origin, fork } = options;
  const startedAtMs = clock.wallMs();
  const wallMs = (): number => clock.wallMs();
  const stateOf = (slot: number): BackendState => health.stateOf(slot);

  const metrics = new MetricsAggregate({
    version,
    node: process.versions.node,
    startedAtSeconds: startedAtMs / 1_000,
    log,
  });
  const window = new BackendWindow({ metrics, clock });
  const events = new EventLog({ log, count: (type) => metrics.add('lb_events_total', [type]) });
  const chronicle = new Chronicle({
    metrics,
    events,
    log,
    wallMs,
    pools: () => publisher.pools,
    stateOf,
  });
  const health = new HealthMonitor({
    clock,
    random,
    log,
    onChange: (change) => {
      publisher.changeState(change.slot, change.to);
      chronicle.healthChanged(change);
    },
    onProbe: (event) => chronicle.probed(event),
  });
  const load = new LoadExchange({
    recipients: () => supervisor.workers.map(({ id }) => id),
    send: (id, message, sent) => supervisor.send(id, message, undefined, sent),
  });
  const listeners = new ListenerSet();
  const dealer = new Dealer({
    recipients: (listener) =>
      supervisor.workers
        .filter(({ state, listening }) => state !== 'draining' && listening.has(listener))
        .map(({ id }) => id),
    send: (id, message, handle) => supervisor.send(id, message, handle),
    log,
  });
  const supervisor: Supervisor = new Supervisor({
    fork,
    clock,
    log,
    snapshot: () => publisher.current,
    listeners: () => listeners.listeners,
    onMessage: (worker, message) => receive({ metrics, load, health, dealer }, worker, message),
    onChange: () => {
      chronicle.workersChanged(supervisor.workers);
      dealer.deal();
    },
    onDied: (death) => chronicle.workerDied(death),
    onGone: ({ id }) => {
      metrics.removeWorker(id);
      load.remove(id);
      dealer.remove(id);
    },
  });
  const secret = new CookieSecret({ stateDirectory: options.stateDirectory, log });
  const publisher = new SnapshotPublisher(first.config, {
    slots: new SlotTable({
      monotonicMs: () => clock.monotonicMs(),
      isBusy: (slot) => load.inFlight(slot) > 0,
    }),
    follow: (pools) => health.update(pools),
    stateOf,
    secret: () => secret.current,
    broadcast: (message) => supervisor.broadcast(message),
    applied: (target, timeoutMs) => supervisor.until(({ applied }) => applied >= target, timeoutMs),
    log,
  });
  const reloader = new Reloader({
    origin,
    first,
    listeners,
    wallMs,
    refusal: lifecycle.reloadRefusal,
    apply: lifecycle.apply,
    onOutcome: (outcome) => chronicle.reloaded(outcome),
  });
  const view = new InstanceView({
    version,
    startedAtMs,
    configPath: origin.path,
    state: lifecycle.state,
    configInForce: () => reloader.inForce,
    listeners,
    supervisor,
    load,
    publisher,
    health,
    metrics,
    window,
    refreshMetrics: () => chronicle.refresh(),
    reload: lifecycle.reload,
    stop: lifecycle.stop,
  });
  const admin = new AdminServer({ context: view, log });
  return {
    events,
    chronicle,
    window,
    health,
    load,
    supervisor,
    listeners,
    dealer,
    secret,
    publisher,
    reloader,
    view,
    admin,
  };
}

interface Receivers {
  readonly metrics: MetricsAggregate;
  readonly load: LoadExchange;
  readonly health: HealthMonitor;
  readonly dealer: Dealer;
}

function receive(
  { metrics, load, health, dealer }: Receivers,
  worker: Worker,
  message: ToPrimary,
): void {
  switch (message.type) {
    case 'metrics':
      metrics.applyDelta(worker.id, message);
      return;
    case 'load':
      load.report(worker.id, message);
      return;
    case 'backend-failed':
      health.reportFailure(message.slot, message.reason);
      return;
    case 'answered':
      dealer.answered(message.id, message.isTaken);
      return;
    case 'ready':
    case 'listening':
    case 'applied':
    case 'drained':
      // The supervisor's own.
      return;
  }
}
