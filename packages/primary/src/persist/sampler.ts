/** Takes samples: what the whole instance and each route, pool and backend had since the last time. */
import type { PoolReply } from '@lb/shared/admin-api/contract';
import type { Gauges } from '../traffic/gauge-history.ts';
import type { CacheCounts } from '../traffic/statistics.ts';
import type { Part, Traffic } from '../traffic/traffic.ts';
import type { MetricsAggregate } from '../metrics/aggregate.ts';
import { namesOf, type Sample } from './sample.ts';

export interface SamplerOptions {
  readonly traffic: Pick<Traffic, 'record' | 'takeRecorded'>;
  readonly metrics: Pick<MetricsAggregate, 'value'>;
  readonly gauges: () => Omit<Gauges, 'cacheHitRate'>;
  readonly cacheCounts: () => CacheCounts;
  /** Names of the routes in force, and of what matches none. */
  readonly routes: () => readonly string[];
  readonly pools: () => readonly PoolReply[];
}

interface Bytes {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** When an interval ended, and how long it was. */
export type Interval = Pick<Sample, 'atMs' | 'seconds'>;

export class Sampler {
  readonly #options: SamplerOptions;
  /** Of each route, since the start of the instance. */
  #bytes = new Map<string, Bytes>();
  #cacheCounts: CacheCounts = { asked: 0, answered: 0 };

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  /** Begins with nothing. */
  start(): void {
    this.#options.traffic.record(true);
    this.take({ atMs: 0, seconds: 0 });
  }

  stop(): void {
    this.#options.traffic.record(false);
  }

  take(interval: Interval): Sample[] {
    const { routes, pools } = this.#options;
    const bytes = this.#takeBytes();
    const routeSamples = routes().flatMap((route) =>
      this.#sample(interval, { route }, bytes.get(route) ?? {}),
    );
    const poolSamples = pools().flatMap((pool) => [
      ...this.#sample(interval, { pool: pool.name }, {}),
      ...pool.backends.flatMap(({ name, state, effectiveWeight, inFlight }) => {
        const own = { state, weight: effectiveWeight, inFlight };
        return this.#sample(interval, { pool: pool.name, backend: name }, own);
      }),
    ]);
    const whole = { ...sum([...bytes.values()]), ...this.#options.gauges() };
    const total = { ...whole, cacheHitRate: this.#takeCacheHitRate() };
    return [...this.#sample(interval, {}, total), ...routeSamples, ...poolSamples];
  }

  /** None of what is not followed any more. */
  #sample(interval: Interval, part: Part, own: Partial<Sample>): Sample[] {
    const recorded = this.#options.traffic.takeRecorded(part);
    if (recorded === undefined) return [];
    return [{ ...NOTHING, ...interval, ...namesOf(part), ...recorded, ...own }];
  }

  /** What each route got since the last time. */
  #takeBytes(): Map<string, Bytes> {
    const { metrics, routes } = this.#options;
    const before = this.#bytes;
    this.#bytes = new Map(
      routes().map((route) => [
        route,
        {
          bytesIn: metrics.value('lb_http_request_bytes_total', [route]),
          bytesOut: metrics.value('lb_http_response_bytes_total', [route]),
        },
      ]),
    );
    return new Map(
      [...this.#bytes].map(([route, { bytesIn, bytesOut }]) => {
        const was = before.get(route) ?? { bytesIn, bytesOut };
        return [route, { bytesIn: bytesIn - was.bytesIn, bytesOut: bytesOut - was.bytesOut }];
      }),
    );
  }

  #takeCacheHitRate(): number | null {
    const before = this.#cacheCounts;
    const now = this.#options.cacheCounts();
    this.#cacheCounts = now;
    const asked = now.asked - before.asked;
    return asked <= 0 ? null : (now.answered - before.answered) / asked;
  }
}

const NOTHING = {
  bytesIn: null,
  bytesOut: null,
  inFlight: null,
  connections: null,
  cacheHitRate: null,
  state: null,
  weight: null,
};

function sum(all: readonly Bytes[]): Bytes {
  return {
    bytesIn: all.reduce((total, { bytesIn }) => total + bytesIn, 0),
    bytesOut: all.reduce((total, { bytesOut }) => total + bytesOut, 0),
  };
}
