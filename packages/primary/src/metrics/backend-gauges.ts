/** The gauges that follow what holds for backends: the primary sets them when they are asked for. */
import { BREAKER_STATES } from '@lb/shared/metrics/catalog';
import {
  type BackendSnapshot,
  type Effective,
  type PoolSnapshot,
  takesNewTraffic,
} from '@lb/shared/model/snapshot';
import type { SlowStarts } from '../health/slow-starts.ts';
import { isPanic } from '@lb/shared/model/rotation';
import type { MetricsAggregate } from './aggregate.ts';
import { BACKEND_STATES } from './implied-series.ts';

/** What is asked about backends, given as they are configured. */
export interface GaugeSources {
  readonly effectiveOf: (pool: string, backend: BackendSnapshot) => Effective;
  readonly slowStarts: Pick<SlowStarts, 'progressOf'>;
}

/**
 * Sets up, state, weights, the pool's numbers of backends and its panic. A backend that was never probed counts as up.
 * @param pool as configured
 */
export function setBackendGauges(
  metrics: MetricsAggregate,
  pool: PoolSnapshot,
  { effectiveOf, slowStarts }: GaugeSources,
): void {
  const all: Effective[] = [];
  for (const backend of pool.backends) {
    const effective = effectiveOf(pool.name, backend);
    all.push(effective);
    const state = effective.state === 'unknown' ? 'up' : effective.state;
    const labels = [pool.name, backend.name];
    metrics.set('lb_backend_up', labels, state === 'up' ? 1 : 0);
    for (const each of BACKEND_STATES)
      metrics.set('lb_backend_state', [...labels, each], each === state ? 1 : 0);
    if (pool.circuitBreaker !== null) {
      for (const each of BREAKER_STATES)
        metrics.set('lb_breaker_state', [...labels, each], each === effective.breaker ? 1 : 0);
    }
    metrics.set('lb_backend_weight', labels, backend.weight);
    const share = slowStarts.progressOf(backend.slot)?.share ?? 1;
    metrics.set('lb_backend_effective_weight', labels, effective.weight * share);
  }
  metrics.set('lb_pool_backends', [pool.name], pool.backends.length);
  metrics.set('lb_pool_available_backends', [pool.name], all.filter(takesNewTraffic).length);
  metrics.set('lb_pool_panic', [pool.name], isPanic(all, pool.panicThreshold) ? 1 : 0);
}
