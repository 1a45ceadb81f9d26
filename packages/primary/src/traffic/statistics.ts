/** The statistics as the admin API gives them: a sample a second to whoever watches, and the past. */
import type { PoolReply } from '@lb/shared/admin-api/contract';
import type {
  BackendSample,
  HistoryReply,
  PoolSample,
  StatsSample,
  TrafficReply,
} from '@lb/shared/admin-api/statistics';
import type { Clock } from '@lb/shared/time/clock';
import { SECONDS_KEPT } from './flow.ts';
import { GaugeHistory, type Gauges } from './gauge-history.ts';
import type { Part, Traffic } from './traffic.ts';

const SECONDS_PER_MINUTE = 60;

/** Requests to routes with a cache, since the start: all that asked it, and those of them that it answered. */
export interface CacheCounts {
  readonly asked: number;
  readonly answered: number;
}

export interface StatisticsOptions {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly traffic: Traffic;
  readonly gauges: () => Omit<Gauges, 'cacheHitRate'>;
  readonly cacheCounts: () => CacheCounts;
  /** Names of the routes in force, and of what matches none. */
  readonly routes: () => readonly string[];
  readonly pools: () => readonly PoolReply[];
}

/** Gets a StatsSample as JSON. */
export type StatsWatcher = (sample: string) => void;

export class Statistics {
  readonly #options: StatisticsOptions;
  readonly #gauges = new GaugeHistory();
  readonly #watchers = new Set<StatsWatcher>();
  #cacheCounts: CacheCounts = { asked: 0, answered: 0 };
  /** Of the last second. */
  #cacheHitRate: number | null = null;

  constructor(options: StatisticsOptions) {
    this.#options = options;
  }

  /** A second is over; its owner calls it once a second. The sample is made once for all who watch, and for nobody else. */
  step(): void {
    const { traffic, cacheCounts } = this.#options;
    const before = traffic.ended.minutes;
    traffic.step();
    const counts = cacheCounts();
    this.#cacheHitRate = hitRate(this.#cacheCounts, counts);
    this.#cacheCounts = counts;
    this.#gauges.step(this.#readGauges(), traffic.ended.minutes > before);
    if (this.#watchers.size === 0) return;
    const sample = JSON.stringify(this.sample());
    for (const watch of this.#watchers) watch(sample);
  }

  /** Has the last sample told at once, and each from now on; returns what ends it. */
  watch(watcher: StatsWatcher): () => void {
    this.#watchers.add(watcher);
    watcher(JSON.stringify(this.sample()));
    return () => this.#watchers.delete(watcher);
  }

  sample(): StatsSample {
    const { clock, traffic, routes, pools } = this.#options;
    return {
      at: new Date(traffic.ended.atMs || clock.wallMs()).toISOString(),
      totals: { ...traffic.lastSecond(), ...this.#readGauges() },
      routes: routes().map((name) => ({ name, ...traffic.of({ route: name }) })),
      pools: pools().map(poolSample),
    };
  }

  /** So many seconds back, at least one; undefined for what there is none of. */
  history(part: Part, seconds: number): HistoryReply | undefined {
    const { traffic } = this.#options;
    const isFine = seconds <= SECONDS_KEPT;
    const minutes = Math.ceil(seconds / SECONDS_PER_MINUTE);
    const columns = isFine ? traffic.bySecond(part, seconds) : traffic.byMinute(part, minutes);
    if (columns === undefined) return undefined;
    const isWhole = part.route === undefined && part.pool === undefined;
    const gauges = isFine ? this.#gauges.seconds(seconds) : this.#gauges.minutes(minutes);
    return {
      stepSeconds: isFine ? 1 : SECONDS_PER_MINUTE,
      end: this.#endOf(isFine),
      ...columns,
      ...(isWhole ? gauges : NO_GAUGES),
      warning: null,
    };
  }

  #readGauges(): Gauges {
    return { ...this.#options.gauges(), cacheHitRate: this.#cacheHitRate };
  }

  /** A minute that is under way is in no column of minutes. */
  #endOf(isFine: boolean): string | null {
    const { seconds, minutes, atMs } = this.#options.traffic.ended;
    if (isFine ? seconds === 0 : minutes === 0) return null;
    const sinceMs = isFine ? 0 : (seconds % SECONDS_PER_MINUTE) * 1_000;
    return new Date(atMs - sinceMs).toISOString();
  }
}

function hitRate(from: CacheCounts, to: CacheCounts): number | null {
  const asked = to.asked - from.asked;
  return asked <= 0 ? null : (to.answered - from.answered) / asked;
}

const NO_GAUGES = { connections: null, inFlight: null, cacheHitRate: null };

function poolSample({ name, available, isPanicking, queueLength, ...pool }: PoolReply): PoolSample {
  const backends = pool.backends.map(backendSample);
  return { name, available, isPanicking, queueLength, ...trafficOf(pool), backends };
}

function backendSample(backend: PoolReply['backends'][number]): BackendSample {
  const { name, state, breaker, effectiveWeight, inFlight } = backend;
  return { name, state, breaker, effectiveWeight, inFlight, ...trafficOf(backend) };
}

function trafficOf(reply: TrafficReply): TrafficReply {
  const { requestsPerSecond, errorRate, p50Ms, p95Ms, p99Ms } = reply;
  return { requestsPerSecond, errorRate, p50Ms, p95Ms, p99Ms };
}
