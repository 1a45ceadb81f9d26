/**
 * The worker: puts everything together, works by the snapshot in force, and reports to the primary. The only file that
 * constructs things.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { BackendChange, ToPrimary, ToWorker } from '@lb/shared/ipc/messages';
import type { Snapshot } from '@lb/shared/model/snapshot';
import type { StoreError } from '@lb/shared/store/store';
import { type Clock, type Random, systemClock, systemRandom } from '@lb/shared/time/clock';
import type { Logger } from 'pino';
import { Caches } from './cache/caches.ts';
import { Backends } from './balancing/backends.ts';
import type { Backend } from './balancing/backend.ts';
import { HttpProxy3Forwarder } from './forward/http-proxy-3.ts';
import { NativeForwarder } from './forward/native.ts';
import { HttpProxy3TunnelOpener } from './forward/http-proxy-3/tunnel-opener.ts';
import { ShortageLog } from './forward/shortage-log.ts';
import { Tunnels } from './forward/tunnel.ts';
import { ChunkPool } from './http1/chunk-pool.ts';
import { fieldKind, MAY_IDENTIFY } from './http1/field-names.ts';
import { WriteBatch } from './http1/write-batch.ts';
import { Cells } from './metrics/cells.ts';
import { ProcessMetrics } from './metrics/process-metrics.ts';
import { RouteMetrics } from './metrics/request-metrics.ts';
import { StoreMetrics } from './metrics/store-metrics.ts';
import { SHEDDER_SAMPLE_MS, Shedder } from './overload/shedder.ts';
import { AccessLog } from './request/access-log.ts';
import { TrustedProxies } from './request/client-ip.ts';
import { HttpDate } from './request/http-date.ts';
import { LogSink } from './request/log-sink.ts';
import { Mirrors } from './request/mirror/mirrors.ts';
import { RequestIds } from './request/request-id.ts';
import { RouteTable } from './request/route-table.ts';
import { compileRoute } from './request/route.ts';
import type { Runtime, Services } from './request/services.ts';
import { Limiters } from './rate-limit/limiters.ts';
import { Descriptors } from './server/descriptors.ts';
import { Listeners } from './server/listeners.ts';
import { PrimaryStore } from './store/primary-store.ts';
import { WorkerStores } from './store/worker-stores.ts';

/** In-flight counts reach the other workers within twice this time, and what came of tries the primary within it. */
const LOAD_INTERVAL_MS = 50;

/** Totals in the primary are this old at most. */
const METRICS_INTERVAL_MS = 500;

/** What a worker that is about to exit waits for its last access lines to be written. */
const LAST_LINES_MS = 1_000;

export interface WorkerSetup {
  /** Place among the workers, from 0; kept by the process that replaces this one. */
  readonly place: number;
  readonly log: Logger;
  readonly send: (message: ToPrimary) => void;
  /** Ends the process. */
  readonly exit: () => void;
  /** Files and sockets that the process may have open; undefined for any number. */
  readonly descriptorLimit?: number | undefined;
  readonly clock?: Clock;
  readonly random?: Random;
}

export class Worker {
  readonly #setup: WorkerSetup;
  readonly #cells = new Cells();
  readonly #tunnels = new Tunnels(this.#cells);
  readonly #process: ProcessMetrics;
  readonly #logSink: LogSink;
  readonly #accessLog: AccessLog;
  readonly #backends: Backends;
  readonly #limiters: Limiters;
  readonly #mirrors = new Mirrors(this.#cells);
  readonly #caches: Caches;
  readonly #primaryStore: PrimaryStore;
  readonly #stores: WorkerStores;
  readonly #listeners: Listeners;
  readonly #shedder: Shedder;
  readonly #services: Services;
  readonly #routeMetrics = new Map<string, RouteMetrics>();
  readonly #timers: NodeJS.Timeout[];
  #runtime: Runtime | undefined;
  #workerCount = 0;
  #isDraining = false;

  constructor(setup: WorkerSetup) {
    const { clock = systemClock, random = systemRandom, log } = setup;
    this.#setup = setup;
    const dropped = this.#cells.series('lb_access_log_dropped_total');
    this.#logSink = new LogSink(log, () => this.#cells.add(dropped, 1));
    this.#accessLog = new AccessLog(this.#logSink, clock, random);
    this.#backends = new Backends(this.#cells, clock, random, setup.place);
    this.#backends.onOutlier(() => this.#sendOutcomes());
    this.#backends.desk.connect(setup.send);
    this.#limiters = new Limiters(this.#cells, clock);
    this.#caches = new Caches(this.#cells, clock, setup.send);
    this.#primaryStore = new PrimaryStore(setup.send);
    this.#stores = new WorkerStores({
      primary: this.#primaryStore,
      metrics: new StoreMetrics(this.#cells),
      clock,
      random,
      log,
      onChange: (error) => this.#reportStore(error),
    });
    this.#process = new ProcessMetrics(
      this.#cells,
      setup.place,
      monitorEventLoopDelay({ resolution: 20 }),
    );
    this.#shedder = new Shedder(clock, random, (isShedding, delayMs) =>
      setup.send({ lb: 1, type: 'overload', isShedding, delayMs }),
    );
    const descriptors = new Descriptors({
      limit: setup.descriptorLimit,
      clock,
      log,
      closeIdle: () => this.#listeners.closeIdle() + this.#backends.closeIdle(),
    });
    const chunks = new ChunkPool();
    const writes = new WriteBatch();
    this.#services = {
      clock,
      random,
      log,
      cells: this.#cells,
      store: this.#stores,
      accessLog: this.#accessLog,
      requestIds: new RequestIds(clock),
      dates: new HttpDate(clock),
      chunks,
      writes,
      forwarders: {
        native: new NativeForwarder(chunks, writes),
        'http-proxy-3': new HttpProxy3Forwarder(clock),
      },
      tunnelOpener: new HttpProxy3TunnelOpener(clock),
      tunnels: this.#tunnels,
      shortages: new ShortageLog(log, clock, () => descriptors.relieve()),
      descriptors,
      shedder: this.#shedder,
      noRoute: new RouteMetrics(this.#cells),
      runtime: () => this.#requireRuntime(),
      reportUnreachable: (backend, reason) => this.#reportUnreachable(backend, reason),
    };
    this.#listeners = new Listeners(this.#services);
    this.#timers = [
      setInterval(() => this.#onLoadInterval(), LOAD_INTERVAL_MS),
      setInterval(() => this.#shedder.sample(), SHEDDER_SAMPLE_MS),
      setInterval(() => this.#sendMetrics(), METRICS_INTERVAL_MS),
    ];
  }

  /** Does what the primary says. @param handle the socket that came with `listen` or `connection` */
  receive(message: ToWorker, handle: unknown): void {
    switch (message.type) {
      case 'snapshot':
        this.#apply(message.snapshot);
        return;
      case 'listen':
        void this.#listen(message.listener, handle);
        return;
      case 'connection':
        this.#setup.send({
          lb: 1,
          type: 'answered',
          id: message.id,
          isTaken: this.#listeners.take(message.listener, handle),
        });
        return;
      case 'states':
        this.#change(message.changes, message.version);
        return;
      case 'load':
        this.#backends.setLoadElsewhere(message.inFlight, message.retries);
        this.#listeners.setConnectionsElsewhere(message.connections);
        return;
      case 'permits':
        this.#backends.desk.take(message.changes);
        return;
      case 'stored':
        this.#primaryStore.answered(message.id, message.results);
        return;
      case 'peers':
        this.#stores.setInstances(message.instances);
        return;
      case 'purge':
        this.#caches.forget(message.cache, message.keys);
        return;
      case 'reopen-logs':
        this.#logSink.reopen();
        return;
      case 'ping':
        this.#setup.send({ lb: 1, type: 'pong' });
        return;
      case 'drain':
        void this.drain(message.timeoutMs);
        return;
    }
  }

  /** Stops accepting, finishes what is in flight within the time, closes tunnels, exits. A second call changes nothing. */
  async drain(timeoutMs: number): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    const deadline = setTimeout(() => this.#listeners.destroy(), timeoutMs);
    await this.#listeners.drain(() => this.#tunnels.close());
    clearTimeout(deadline);
    for (const timer of this.#timers) clearInterval(timer);
    this.#backends.desk.close();
    this.#tunnels.count();
    this.#sendMetrics();
    await Promise.race([
      Promise.all([this.#logSink.close(), this.#stores.close()]),
      pause(LAST_LINES_MS),
    ]);
    this.#setup.send({ lb: 1, type: 'drained' });
    this.#setup.exit();
  }

  /** Without a word of the store, the first requests would be given backends and tokens that other workers know nothing of. */
  async #listen(listener: string, handle: unknown): Promise<void> {
    await this.#stores.known();
    if (this.#isDraining) return;
    this.#listeners.listen(listener, handle, () =>
      this.#setup.send({ lb: 1, type: 'listening', listener }),
    );
  }

  #apply(snapshot: Snapshot): void {
    const { config } = snapshot;
    this.#workerCount = snapshot.workerCount;
    this.#stores.apply(snapshot.store, {
      instances: snapshot.instances,
      workers: snapshot.workerCount,
    });
    const { pools, removed } = this.#backends.apply(snapshot);
    for (const backend of removed) this.#tunnels.close(backend);
    const parts = {
      pools,
      limiters: this.#limiters.apply(config.rateLimits, this.#stores.limits),
      caches: this.#caches.apply(config),
      mirrors: this.#mirrors.apply(config.routes, pools),
      random: this.#services.random,
    };
    const routes = config.routes.map((route) =>
      compileRoute(route, { ...parts, metrics: this.#metricsOf(route.name) }),
    );
    this.#runtime = {
      routes: new RouteTable(routes),
      trustedProxies: new TrustedProxies(config.trustedProxies),
      requestIdHeader: config.requestId.header,
      requestIdName: config.requestId.header.toLowerCase(),
      requestIdIsMarked: fieldKind(config.requestId.header) === MAY_IDENTIFY,
    };
    this.#shedder.configure(
      config.overload.eventLoopDelay,
      config.routes.some(({ priority }) => priority === 'sheddable'),
    );
    this.#accessLog.configure(config.log.access);
    this.#setup.log.level = config.log.level;
    this.#listeners.apply(config.listeners);
    this.#setup.send({ lb: 1, type: 'applied', version: snapshot.version });
  }

  /** The primary says it once for all workers. */
  #reportStore(error: StoreError | undefined): void {
    this.#setup.send({ lb: 1, type: 'store-changed', reason: error?.message ?? null });
  }

  /** Who waits for the version also wants to know what was begun before it: the load goes first. */
  #change(changes: readonly BackendChange[], version: number | undefined): void {
    for (const { slot, state, weight, slowStartMs, breaker } of changes) {
      this.#backends.setState(slot, state);
      this.#backends.setBreaker(slot, breaker ?? 'closed');
      this.#backends.setWeight(slot, weight);
      this.#backends.setSlowStart(slot, slowStartMs);
    }
    if (version === undefined) return;
    this.#sendLoad();
    this.#setup.send({ lb: 1, type: 'applied', version });
  }

  #metricsOf(route: string): RouteMetrics {
    const known = this.#routeMetrics.get(route) ?? new RouteMetrics(this.#cells, route);
    this.#routeMetrics.set(route, known);
    return known;
  }

  #requireRuntime(): Runtime {
    if (this.#runtime === undefined)
      throw new Error('a worker serves nothing before its first snapshot');
    return this.#runtime;
  }

  #reportUnreachable(backend: Backend, reason: string): void {
    if (!this.#backends.takeOut(backend)) return;
    this.#setup.send({ lb: 1, type: 'backend-failed', slot: backend.slot, reason });
  }

  /** The other workers need it soon; one that is alone says it for people who look, together with its metrics. */
  #onLoadInterval(): void {
    this.#sendOutcomes();
    if (this.#workerCount !== 1) this.#sendLoad();
    this.#backends.desk.tick();
  }

  #sendOutcomes(): void {
    const outcomes = this.#backends.takeOutcomes();
    if (outcomes !== undefined) this.#setup.send({ lb: 1, type: 'outcomes', ...outcomes });
  }

  #sendLoad(): void {
    const inFlight = this.#backends.takeChangedLoad();
    const connections = this.#listeners.takeChangedConnections();
    const retries = this.#backends.takeChangedRetries();
    if (inFlight === undefined && connections === undefined && retries === undefined) return;
    this.#setup.send({
      lb: 1,
      type: 'load',
      inFlight: inFlight ?? this.#backends.load(),
      connections: connections ?? this.#listeners.connectionCounts(),
      retries: retries ?? this.#backends.retries(),
    });
  }

  #sendMetrics(): void {
    if (this.#workerCount === 1) this.#sendLoad();
    this.#tunnels.count();
    this.#process.sample();
    const delta = this.#cells.takeDelta();
    if (delta !== undefined) this.#setup.send({ lb: 1, ...delta });
  }
}
