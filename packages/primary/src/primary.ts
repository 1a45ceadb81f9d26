/**
 * The primary: takes the instance through its life.
 *
 *     start: bind ─▶ admin ─▶ publish, probe ─▶ fork ─▶ every worker accepts ─▶ running
 *     stop:  close the sockets ─▶ workers drain ─▶ admin closes ─▶ finished
 */
import { AlignedTimer } from '@lb/shared/time/aligned-timer';
import type { Loaded } from './config/config-origin.ts';
import type { ReloadOutcome } from './config/reload.ts';
import { buildParts, routeNames } from './instance-parts.ts';
import type { InstanceParts, PrimaryOptions } from './instance-parts.ts';
import type { InstanceState, InstanceView } from './instance-view.ts';
import type { BindFailure } from './listeners/bind-failure.ts';
import type { ListenerPlan } from './listeners/listener-set.ts';
import { openAdmin } from './open-admin.ts';
import { persistSettings } from './persist/persist-settings.ts';
import { APPLY_TIMEOUT_MS } from './snapshot/publisher.ts';
import { workerCountOf } from './workers/worker-count.ts';
import type { Worker } from './workers/worker.ts';

/** A start that takes longer has failed. */
const START_TIMEOUT_MS = 30_000;

/** In the middle between two moments at which workers say what they counted: a second then holds just what a second brought. */
const SAMPLING = { everyMs: 1_000, offsetMs: 250 };

export type StartResult =
  { readonly ok: true } | { readonly ok: false; readonly failures: readonly BindFailure[] };

/** One instance of the balancer. Nothing happens before start(). */
export class Primary {
  readonly #options: PrimaryOptions;
  readonly #parts: InstanceParts;
  readonly #finished = Promise.withResolvers<void>();
  #state: InstanceState = 'starting';
  #adminAddress = '';
  #sampling: AlignedTimer | undefined;
  /** A stop waits for it: what is being opened cannot be closed yet. */
  #opening: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(options: PrimaryOptions) {
    this.#options = options;
    this.#parts = buildParts(options, {
      state: () => this.#state,
      reload: (guardMs) => this.reload(guardMs),
      refusal: () => this.#refusal(),
      apply: (loaded, plan) => this.#reapply(loaded, plan),
      stop: (timeoutMs) => void this.stop(timeoutMs),
    });
  }

  get state(): InstanceState {
    return this.#state;
  }

  /** What the instance says about itself. */
  get view(): InstanceView {
    return this.#parts.view;
  }

  /** Where the admin server listens: `127.0.0.1:9090`. Empty before it does. */
  get adminAddress(): string {
    return this.#adminAddress;
  }

  /** Resolves when a stop is complete: no worker, no socket and no timer is left. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Takes the instance to where every worker accepts; when that fails, nothing of it is left. Call it once. */
  async start(): Promise<StartResult> {
    const opening = this.#open(this.#options.first);
    this.#opening = opening;
    const failures = await opening;
    if (failures.length > 0) {
      await this.#close();
      return { ok: false, failures };
    }
    const isRunning = ({ state }: Worker): boolean => state === 'running';
    const running = await this.#parts.supervisor.until(isRunning, START_TIMEOUT_MS);
    // A signal came first; that is no failure.
    if (this.#stopping !== undefined) return { ok: true };
    if (!running) {
      await this.kill();
      const message = `not every worker accepts connections after ${START_TIMEOUT_MS / 1_000} s`;
      return { ok: false, failures: [{ message, hint: 'the log says what the workers do' }] };
    }
    this.#state = 'running';
    this.#logStart();
    return { ok: true };
  }

  /** Reads the configuration again and puts it in force, or changes nothing. @param guardMs goes back when traffic gets worse */
  reload(guardMs?: number): Promise<ReloadOutcome> {
    return this.#parts.changing.reloader.reload(guardMs);
  }

  /** What SIGHUP means: log files are opened anew, and the file, if there is one, is read again. */
  async hangUp(): Promise<void> {
    this.#parts.supervisor.broadcast({ lb: 1, type: 'reopen-logs' });
    if (this.#options.origin.path !== null) await this.reload();
  }

  /** What SIGUSR2 means: every worker is replaced by a new process; none is missing meanwhile. */
  roll(): Promise<void> {
    return this.#parts.changing.roll.run();
  }

  /** Stops gracefully, once; resolves when nothing is left. @param timeoutMs for requests in flight; default as configured */
  stop(timeoutMs?: number): Promise<void> {
    const { drainTimeout } = this.#parts.changing.reloader.inForce.config.shutdown;
    this.#stopping ??= this.#drain(timeoutMs ?? drainTimeout);
    return this.#stopping;
  }

  /** Stops at once: every request in flight is cut. */
  async kill(): Promise<void> {
    this.#state = 'draining';
    await this.#opening;
    await this.#parts.supervisor.kill();
    this.#stopping ??= this.#close();
    await this.#stopping;
  }

  async #open(first: Loaded): Promise<readonly BindFailure[]> {
    const { config } = first;
    const { listeners, dealer, admin, supervisor, overriding, secret, cacheControl } = this.#parts;
    const prepared = await listeners.prepare(config.listeners, workerCountOf(config));
    if (!prepared.ok) return prepared.failures;
    listeners.commit(prepared.plan);
    for (const name of listeners.unservedSockets)
      this.#options.log.warn({ name }, 'socket that was handed over is served by no listener');
    dealer.follow(listeners.listeners);
    await overriding.overrides.load();
    await secret.settle(config);
    const opened = await openAdmin(admin, config.admin, this.#options.socketPath);
    if (!opened.ok) return [opened];
    this.#adminAddress = opened.address;
    this.#publish(first);
    cacheControl.start();
    this.#parts.changing.history.sample();
    const { clock } = this.#options;
    this.#sampling = new AlignedTimer(SAMPLING, clock, () => this.#sample()).unref();
    supervisor.resize(workerCountOf(config), config.shutdown.drainTimeout);
    return [];
  }

  #sample(): void {
    const { statistics, persistence, slowStarts, changing } = this.#parts;
    statistics.step();
    persistence.step();
    slowStarts.look();
    changing.history.sample();
    changing.guard.look();
  }

  #publish({ config, warnings, files }: Loaded): void {
    const { publisher, chronicle, traffic, sharing, persistence } = this.#parts;
    publisher.publish(config, workerCountOf(config), files);
    sharing.follow(publisher.current.store);
    traffic.follow({ routes: routeNames(config), pools: publisher.pools });
    persistence.follow(persistSettings(config.metrics, files));
    chronicle.configured(config, warnings);
    this.#options.log.level = config.log.level;
  }

  async #reapply(loaded: Loaded, plan: ListenerPlan): Promise<void> {
    const { publisher, listeners, dealer, supervisor, secret } = this.#parts;
    const { config } = loaded;
    await secret.settle(config);
    this.#publish(loaded);
    // Closed here first: a connection that came between the workers' close and this one would be reset, not refused.
    listeners.commit(plan);
    dealer.follow(listeners.listeners);
    for (const listener of plan.added) supervisor.offer(listener);
    supervisor.resize(workerCountOf(config), config.shutdown.drainTimeout);
    await publisher.settled();
    const added = plan.added.map(({ name }) => name);
    const accepts = ({ listening }: Worker): boolean => added.every((name) => listening.has(name));
    if (!(await supervisor.until(accepts, APPLY_TIMEOUT_MS))) {
      this.#options.log.warn({ listeners: added }, 'not every worker accepts on the new listeners');
    }
    listeners.closeReplaced();
  }

  #refusal(): string | undefined {
    if (this.#state === 'draining') return 'the instance is stopping';
    return this.#state === 'starting' ? 'the instance is still starting' : undefined;
  }

  #logStart(): void {
    const { log, socketPath, origin } = this.#options;
    const { listeners, workers } = this.#parts.view.status();
    const facts = {
      listeners: listeners.map(({ address }) => address),
      admin: this.#adminAddress,
      socket: socketPath,
      workers: workers.length,
      config: origin.path,
    };
    log.info(facts, 'instance started');
  }

  async #drain(timeoutMs: number): Promise<void> {
    this.#state = 'draining';
    this.#parts.events.record('drain', { timeoutMs });
    this.#parts.changing.guard.end('stopped', 'the instance stops');
    await this.#opening;
    this.#parts.listeners.close();
    this.#parts.dealer.close();
    await this.#parts.supervisor.drain(timeoutMs);
    await this.#close();
  }

  async #close(): Promise<void> {
    const { listeners, dealer, admin, load, sharing, changing } = this.#parts;
    const { health, outliers, limiting, questions, overriding, cacheControl } = this.#parts;
    const { statistics, persistence } = this.#parts;
    this.#sampling?.stop();
    // What came since the last second is in the last sample.
    if (this.#sampling !== undefined) statistics.step();
    await persistence.close();
    changing.guard.end('stopped', 'the instance stops');
    listeners.close();
    dealer.close();
    health.close();
    outliers.close();
    limiting.close();
    questions.close();
    load.close();
    await cacheControl.close();
    await sharing.close();
    await admin.close();
    await overriding.overrides.close();
    this.#finished.resolve();
  }
}
