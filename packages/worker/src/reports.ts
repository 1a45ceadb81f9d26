/** What the worker tells the primary of itself, again and again: its load, what came of tries, what it counted. */
import type { ToPrimary } from '@lb/shared/ipc/messages';
import { AlignedTimer } from '@lb/shared/time/aligned-timer';
import type { Clock } from '@lb/shared/time/clock';
import type { Backends } from './balancing/backends.ts';
import type { Tunnels } from './forward/tunnel.ts';
import type { Cells } from './metrics/cells.ts';
import type { ProcessMetrics } from './metrics/process-metrics.ts';
import type { Listeners } from './server/listeners.ts';

/** In-flight counts reach the other workers within twice this time, and what came of tries the primary within it. */
const LOAD_INTERVAL_MS = 50;

/** Totals in the primary are this old at most. It takes its samples in the middle between two of these moments. */
const METRICS_INTERVAL_MS = 500;

/** Whose reports these are. */
export interface ReportsSetup {
  readonly clock: Clock;
  readonly send: (message: ToPrimary) => void;
  /** Workers of the instance, this one included. */
  readonly workerCount: () => number;
  readonly backends: Backends;
  readonly listeners: Listeners;
  readonly tunnels: Tunnels;
  readonly process: ProcessMetrics;
  readonly cells: Cells;
}

export class Reports {
  readonly #setup: ReportsSetup;
  readonly #loadTimer: NodeJS.Timeout;
  readonly #metricsTimer: AlignedTimer;

  constructor(setup: ReportsSetup) {
    this.#setup = setup;
    this.#loadTimer = setInterval(() => this.#onLoadInterval(), LOAD_INTERVAL_MS);
    const alignment = { everyMs: METRICS_INTERVAL_MS };
    this.#metricsTimer = new AlignedTimer(alignment, setup.clock, () => this.sendMetrics());
  }

  sendOutcomes(): void {
    const outcomes = this.#setup.backends.takeOutcomes();
    if (outcomes !== undefined) this.#setup.send({ lb: 1, type: 'outcomes', ...outcomes });
  }

  sendLoad(): void {
    const { backends, listeners, send } = this.#setup;
    const inFlight = backends.takeChangedLoad();
    const connections = listeners.takeChangedConnections();
    const retries = backends.takeChangedRetries();
    if (inFlight === undefined && connections === undefined && retries === undefined) return;
    send({
      lb: 1,
      type: 'load',
      inFlight: inFlight ?? backends.load(),
      connections: connections ?? listeners.connectionCounts(),
      retries: retries ?? backends.retries(),
    });
  }

  sendMetrics(): void {
    const { workerCount, tunnels, process, cells, send } = this.#setup;
    if (workerCount() === 1) this.sendLoad();
    tunnels.count();
    process.sample();
    const delta = cells.takeDelta();
    if (delta !== undefined) send({ lb: 1, ...delta });
    const traffic = cells.traffic.takeDelta();
    if (traffic !== undefined) send({ lb: 1, ...traffic });
  }

  /** Tells the last of it. */
  close(): void {
    clearInterval(this.#loadTimer);
    this.#metricsTimer.stop();
    this.sendMetrics();
  }

  /** The other workers need it soon; one that is alone says it for people who look, together with its metrics. */
  #onLoadInterval(): void {
    const { backends, workerCount } = this.#setup;
    this.sendOutcomes();
    if (workerCount() !== 1) this.sendLoad();
    backends.desk.tick();
  }
}
