/**
 * The worker: puts everything together, works by the snapshot in force, and reports to the primary. The only file that
 * constructs things.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { BackendChange, ToPrimary, ToWorker } from '@lb/shared/ipc/messages';
import type { Answer, Question } from '@lb/shared/ipc/questions';
import type { Snapshot } from '@lb/shared/model/snapshot';
import type { StoreError } from '@lb/shared/store/store';
import { type Clock, type Random, systemClock, systemRandom } from '@lb/shared/time/clock';
import type { Logger } from 'pino';
import { explain } from './explain/explain.ts';
import { Caches } from './cache/caches.ts';
import { Backends } from './balancing/backends.ts';
import type { Backend } from './balancing/backend.ts';
import { Compressions } from './compress/compressions.ts';
import { createEngines } from './forward/engines.ts';
import { ShortageLog } from './forward/shortage-log.ts';
import { Tunnels } from './forward/tunnel.ts';
import { ChunkPool } from './http1/chunk-pool.ts';
import { WriteBatch } from './http1/write-batch.ts';
import { Cells } from './metrics/cells.ts';
import { ProcessMetrics } from './metrics/process-metrics.ts';
import { RouteMetrics } from './metrics/request-metrics.ts';
import { StoreMetrics } from './metrics/store-metrics.ts';
import { EVENT_LOOP_TURNS, type Turns } from './overload/turnstile.ts';
import { SHEDDER_SAMPLE_MS, Shedder } from './overload/shedder.ts';
import { Reports } from './reports.ts';
import { AccessLog } from './access-log/access-log.ts';
import { AccessTap } from './access-log/access-tap.ts';
import { compileRuntime } from './request/compile-runtime.ts';
import { HttpDate } from './request/http-date.ts';
import { LogSink } from './access-log/log-sink.ts';
import { Mirrors } from './request/mirror/mirrors.ts';
import { PastRequests } from './request/past-requests.ts';
import { RequestIds } from './request/request-id.ts';
import { compileRoute } from './request/route.ts';
import type { Runtime, Services } from './request/services.ts';
import { Limiters } from './rate-limit/limiters.ts';
import { Descriptors } from './server/descriptors.ts';
import { Listeners } from './server/listeners.ts';
import { PrimaryStore } from './store/primary-store.ts';
import { WorkerStores } from './store/worker-stores.ts';
import { Tracing } from './tracing/tracing.ts';

type ListenMessage = Extract<ToWorker, { type: 'listen' }>;

/** What a worker that is about to exit waits for its last access lines to be written, and its last spans to be exported. */
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
  readonly turns?: Turns;
}

export class Worker {
  readonly #setup: WorkerSetup;
  readonly #cells = new Cells();
  readonly #tunnels = new Tunnels(this.#cells);
  readonly #accessLog: AccessLog;
  readonly #backends: Backends;
  readonly #limiters: Limiters;
  readonly #mirrors = new Mirrors(this.#cells);
  readonly #compressions = new Compressions(this.#cells);
  readonly #caches: Caches;
  readonly #primaryStore: PrimaryStore;
  readonly #stores: WorkerStores;
  readonly #listeners: Listeners;
  readonly #shedder: Shedder;
  readonly #tracing: Tracing;
  readonly #services: Services;
  readonly #routeMetrics = new Map<string, RouteMetrics>();
  readonly #reports: Reports;
  readonly #shedderTimer: NodeJS.Timeout;
  #runtime: Runtime | undefined;
  #workerCount = 0;
  #isDraining = false;

  constructor(setup: WorkerSetup) {
    const { clock = systemClock, random = systemRandom, turns = EVENT_LOOP_TURNS } = setup;
    const { log, place } = setup;
    this.#setup = setup;
    const dropped = this.#cells.series('lb_access_log_dropped_total');
    const sink = new LogSink(log, () => this.#cells.add(dropped, 1));
    this.#accessLog = new AccessLog(sink, clock, random);
    this.#backends = new Backends(this.#cells, clock, random, place);
    this.#backends.onOutlier(() => this.#reports.sendOutcomes());
    this.#backends.desk.connect(setup.send);
    this.#limiters = new Limiters(this.#cells, clock);
    this.#caches = new Caches(this.#cells, { clock, random }, setup.send);
    this.#primaryStore = new PrimaryStore(setup.send);
    this.#stores = new WorkerStores({
      primary: this.#primaryStore,
      metrics: new StoreMetrics(this.#cells),
      clock,
      random,
      log,
      onChange: (error) => this.#reportStore(error),
    });
    this.#shedder = new Shedder({
      clock,
      turns,
      onChange: (isShedding, delayMs) =>
        setup.send({ lb: 1, type: 'overload', isShedding, delayMs }),
    });
    const descriptors = new Descriptors({
      limit: setup.descriptorLimit,
      clock,
      log,
      closeIdle: () => this.#listeners.closeIdle() + this.#backends.closeIdle(),
    });
    this.#tracing = new Tracing({ cells: this.#cells, clock, random, log, place });
    const chunks = new ChunkPool();
    const writes = new WriteBatch();
    this.#services = {
      clock,
      random,
      log,
      cells: this.#cells,
      store: this.#stores,
      accessLog: this.#accessLog,
      accessTap: new AccessTap(clock, setup.send),
      pastRequests: new PastRequests(clock, setup.place),
      requestIds: new RequestIds(clock),
      dates: new HttpDate(clock),
      chunks,
      writes,
      ...createEngines({ clock, chunks, writes }),
      tunnels: this.#tunnels,
      shortages: new ShortageLog(log, clock, () => descriptors.relieve()),
      descriptors,
      shedder: this.#shedder,
      noRoute: new RouteMetrics(this.#cells),
      runtime: () => this.#requireRuntime(),
      reportUnreachable: (backend, reason) => this.#reportUnreachable(backend, reason),
    };
    this.#listeners = new Listeners(this.#services);
    this.#shedderTimer = setInterval(() => this.#shedder.sample(), SHEDDER_SAMPLE_MS);
    const delay = monitorEventLoopDelay({ resolution: 20 });
    this.#reports = new Reports({
      clock,
      send: setup.send,
      workerCount: () => this.#workerCount,
      backends: this.#backends,
      listeners: this.#listeners,
      tunnels: this.#tunnels,
      process: new ProcessMetrics(this.#cells, place, delay),
      cells: this.#cells,
    });
  }

  /** Does what the primary says. @param handle the socket that came with `listen` or `connection` */
  receive(message: ToWorker, handle: unknown): void {
    switch (message.type) {
      case 'snapshot':
        this.#apply(message.snapshot);
        return;
      case 'listen':
        void this.#listen(message, handle);
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
      case 'ask':
        this.#setup.send({
          lb: 1,
          type: 'told',
          id: message.id,
          answer: this.#answer(message.question),
        });
        return;
      case 'purge':
        this.#caches.forget(message.cache, message.keys);
        return;
      case 'tap':
        this.#services.accessTap.open(message.filters);
        return;
      case 'reopen-logs':
        this.#accessLog.reopen();
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
    clearInterval(this.#shedderTimer);
    this.#backends.desk.close();
    await Promise.race([
      Promise.all([this.#accessLog.close(), this.#stores.close(), this.#tracing.close()]),
      pause(LAST_LINES_MS),
    ]);
    this.#reports.close();
    this.#services.accessTap.close();
    this.#setup.send({ lb: 1, type: 'drained' });
    this.#setup.exit();
  }

  /** Without a word of the store, the first requests would be given backends and tokens that other workers know nothing of. */
  async #listen({ listener, isFurther }: ListenMessage, handle: unknown): Promise<void> {
    await this.#stores.known();
    if (this.#isDraining) return;
    if (isFurther) this.#listeners.listenFurther(listener, handle);
    else
      this.#listeners.listen(listener, handle, () =>
        this.#setup.send({ lb: 1, type: 'listening', listener }),
      );
  }

  #apply(snapshot: Snapshot): void {
    const { config } = snapshot;
    this.#workerCount = snapshot.workerCount;
    const peers = { instances: snapshot.instances, workers: snapshot.workerCount };
    const sharesAnswers = Object.values(config.caches).some(({ shared }) => shared);
    this.#stores.apply(snapshot.store, peers, sharesAnswers);
    const { pools, removed } = this.#backends.apply(snapshot);
    for (const backend of removed) this.#tunnels.close(backend);
    const parts = {
      pools,
      limiters: this.#limiters.apply(config.rateLimits, this.#stores.limits),
      caches: this.#caches.apply(config, this.#stores.answers),
      mirrors: this.#mirrors.apply(config.routes, pools),
      compressions: this.#compressions,
      random: this.#services.random,
    };
    const routes = config.routes.map((route) =>
      compileRoute(route, { ...parts, metrics: this.#metricsOf(route.name) }),
    );
    this.#runtime = compileRuntime(config, routes, this.#tracing.apply(config));
    this.#shedder.configure(config.overload.eventLoopDelay);
    this.#accessLog.configure(config.log.access);
    this.#services.accessTap.configure(config.log.access);
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
    this.#reports.sendLoad();
    this.#setup.send({ lb: 1, type: 'applied', version });
  }

  #answer(question: Question): Answer {
    const { clock, pastRequests } = this.#services;
    if (question.kind === 'requests') return { kind: 'requests', requests: pastRequests.all };
    if (question.kind === 'purge') return this.#caches.purge(question.purges);
    const runtime = this.#requireRuntime();
    const parts = { place: this.#setup.place, runtime, nowMs: clock.monotonicMs() };
    try {
      return { kind: 'explained', reply: explain(question.request, parts) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return { kind: 'senseless', message: error.message };
    }
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
}
