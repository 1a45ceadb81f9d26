/** Builds what keeps traffic: by the second in memory, and for longer in a database. */
import { hostname } from 'node:os';
import type { PoolReply } from '@lb/shared/admin-api/contract';
import type { CacheResult } from '@lb/shared/metrics/catalog';
import type { PrimaryOptions } from '../instance-parts.ts';
import type { MetricsAggregate } from '../metrics/aggregate.ts';
import type { Gauges } from '../traffic/gauge-history.ts';
import { type CacheCounts, Statistics } from '../traffic/statistics.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { Past } from './past.ts';
import { Persistence } from './persistence.ts';
import type { SampleWriterHooks } from './sample-writer.ts';
import { Sampler } from './sampler.ts';

export interface Keeping {
  readonly statistics: Statistics;
  readonly persistence: Persistence;
  readonly past: Past;
}

export interface KeepingParts {
  readonly traffic: Traffic;
  readonly metrics: MetricsAggregate;
  /** Names of the routes in force, and of what matches none. */
  readonly routes: () => readonly string[];
  readonly pools: () => readonly PoolReply[];
  readonly hooks: SampleWriterHooks;
}

export function buildKeeping(
  { clock, random, origin, socketPath }: PrimaryOptions,
  { traffic, metrics, routes, pools, hooks }: KeepingParts,
): Keeping {
  const measured = {
    traffic,
    gauges: () => gaugesOf(metrics),
    cacheCounts: () => cacheCountsOf(metrics),
    routes,
    pools,
  };
  const statistics = new Statistics({ clock, ...measured });
  const persistence = new Persistence({
    clock,
    random,
    sampler: new Sampler({ metrics, ...measured }),
    hooks,
    hostname: hostname(),
    mark: origin.path ?? socketPath,
  });
  return { statistics, persistence, past: new Past({ clock, statistics, persistence }) };
}

function gaugesOf(metrics: MetricsAggregate): Omit<Gauges, 'cacheHitRate'> {
  return {
    connections: metrics.total('lb_listener_connections'),
    inFlight: metrics.total('lb_http_requests_in_flight'),
  };
}

/** A request that was not to be looked for in a cache did not ask it. */
function cacheCountsOf(metrics: MetricsAggregate): CacheCounts {
  const count = (...results: readonly CacheResult[]): number =>
    metrics.total('lb_cache_requests_total', ([, result]) => results.some((one) => one === result));
  const answered = count('hit', 'stale', 'revalidated', 'collapsed');
  return { asked: answered + count('miss'), answered };
}
