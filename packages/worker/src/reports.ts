/** What a worker tells the primary by itself, again and again: its load, what came of tries, what it counted. */
import type { ToPrimary } from '@lb/shared/ipc/messages';
import type { Backends } from './balancing/backends.ts';
import type { Tunnels } from './forward/tunnel.ts';
import type { Cells } from './metrics/cells.ts';
import type { ProcessMetrics } from './metrics/process-metrics.ts';
import type { Listeners } from './server/listeners.ts';

/** In-flight counts reach the other workers within twice this time, and what came of tries the primary within it. */
const LOAD_INTERVAL_MS = 50;

/** Totals in the primary are this old at most. */
const METRICS_INTERVAL_MS = 500;

export interface ReportsOptions {
  readonly send: (message: ToPrimary) => void;
  readonly backends: Backends;
  readonly listeners: Listeners;
  readonly tunnels: Tunnels;
  readonly cells: Cells;
  readonly processMetrics: ProcessMetrics;
}

/** Owns its timers. */
export class Reports {
  /** Workers of this instance. */
  workerCount = 0;
  readonly #options: ReportsOptions;
  readonly #timers: NodeJS.Timeout[];

  constructor(options: ReportsOptions) {
    this.#options = options;
    this.#timers = [
      setInterval(() => this.#onLoadInterval(), LOAD_INTERVAL_MS),
      setInterval(() => this.#sendMetrics(), METRICS_INTERVAL_MS),
    ];
  }

  /** What came of tries, before its time. */
  sendOutcomes(): void {
    const { backends, send } = this.#options;
    const outcomes = backends.takeOutcomes();
    if (outcomes !== undefined) send({ lb: 1, type: 'outcomes', ...outcomes });
  }

  /** What changed of the load, before its time. */
  sendLoad(): void {
    const { backends, listeners, send } = this.#options;
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

  /** Sends the last counts; nothing follows. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#sendMetrics();
  }

  /** The other workers need it soon; one that is alone says it for people who look, together with its metrics. */
  #onLoadInterval(): void {
    this.sendOutcomes();
    if (this.workerCount !== 1) this.sendLoad();
    this.#options.backends.desk.tick();
  }

  #sendMetrics(): void {
    const { tunnels, processMetrics, cells, send } = this.#options;
    if (this.workerCount === 1) this.sendLoad();
    tunnels.count();
    processMetrics.sample();
    const delta = cells.takeDelta();
    if (delta !== undefined) send({ lb: 1, ...delta });
  }
}
