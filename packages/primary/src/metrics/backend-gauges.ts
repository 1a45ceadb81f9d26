/** The gauges that follow the health of backends: the primary sets them when a snapshot or a health change arrives. */
import type { BackendState, PoolSnapshot } from '@lb/shared/model/snapshot';
import type { MetricsAggregate } from './aggregate.ts';
import { BACKEND_STATES } from './implied-series.ts';

/**
 * Sets up, state, weights and the pool's numbers of backends. A backend that is not known to be down counts as up; it is
 * available when it also has a weight.
 */
export function setBackendGauges(
  metrics: MetricsAggregate,
  pool: PoolSnapshot,
  stateOf: (slot: number) => BackendState,
): void {
  let available = 0;
  for (const { name, slot, weight } of pool.backends) {
    const state = stateOf(slot) === 'down' ? 'down' : 'up';
    if (state === 'up' && weight > 0) available += 1;
    const labels = [pool.name, name];
    metrics.set('lb_backend_up', labels, state === 'up' ? 1 : 0);
    for (const each of BACKEND_STATES)
      metrics.set('lb_backend_state', [...labels, each], each === state ? 1 : 0);
    metrics.set('lb_backend_weight', labels, weight);
    metrics.set('lb_backend_effective_weight', labels, weight);
  }
  metrics.set('lb_pool_backends', [pool.name], pool.backends.length);
  metrics.set('lb_pool_available_backends', [pool.name], available);
}
