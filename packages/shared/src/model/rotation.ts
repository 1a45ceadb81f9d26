/** Who gets traffic when things go wrong: the same rules in the primary, which says so, and in the workers, which do so. */
import type { PoolConfig } from '../config/schema/root.ts';
import { type Effective, takesNewTraffic } from './snapshot.ts';

/** `pools.<name>.passiveHealth`. */
export type PassiveHealth = PoolConfig['passiveHealth'];

/** Whether anything can eject a backend of the pool. */
export function canEject({ consecutiveErrors, errorRate, latencyFactor }: PassiveHealth): boolean {
  return consecutiveErrors > 0 || errorRate > 0 || latencyFactor > 0;
}

/** Backends whose latencies have to be known: fewer have no middle that one of them could be away from. */
export const LEAST_COMPARED = 3;

/** Whether a backend may get traffic when health is ignored: no operator has taken it out. */
export function isOffered({ state, weight }: Effective): boolean {
  return state !== 'draining' && state !== 'maintenance' && weight > 0;
}

/**
 * Whether health is to be ignored: of the backends that no operator has taken out, less than `thresholdPercent` are available.
 * What is left would not carry the traffic, and probes that fail everywhere may be wrong everywhere. 0 = never.
 */
export function isPanic(backends: readonly Effective[], thresholdPercent: number): boolean {
  if (thresholdPercent === 0) return false;
  let offered = 0;
  let available = 0;
  for (const backend of backends) {
    if (isOffered(backend)) offered++;
    if (takesNewTraffic(backend)) available++;
  }
  return available * 100 < offered * thresholdPercent;
}

/** Whether one more backend may be ejected: neither too many are, nor is it the last that may get traffic. */
export function mayEject<E extends Effective>(
  backend: E,
  pool: readonly E[],
  maxEjectedPercent: number,
): boolean {
  const ejected = pool.filter(({ state }) => state === 'ejected').length;
  if ((ejected + 1) * 100 > pool.length * maxEjectedPercent) return false;
  return pool.some((other) => other !== backend && takesNewTraffic(other));
}
