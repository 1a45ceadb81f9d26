/** Which backends of a pool get traffic. */
import { isOffered, isPanic } from '@lb/shared/model/rotation';
import type { Backend } from './backend.ts';

/**
 * Those that a policy picks from. In a panic these are all that no operator has taken out, backups too, and each is told that
 * its health counts for nothing.
 */
export function inRotation(
  backends: readonly Backend[],
  panicThreshold: number,
): readonly Backend[] {
  const isPanicking = isPanic(backends, panicThreshold);
  for (const backend of backends) backend.isHealthIgnored = isPanicking;
  return isPanicking ? backends.filter(isOffered) : availableBackends(backends);
}

/**
 * Backup backends take part only when no other is left, ejected ones only when nothing is: better than nobody is better, and
 * the primary is about to say so.
 */
function availableBackends(backends: readonly Backend[]): readonly Backend[] {
  const available = backends.filter((backend) => backend.isAvailable);
  if (available.length === 0) {
    return backends.filter(({ state, weight }) => state === 'ejected' && weight > 0);
  }
  const primary = available.filter((backend) => !backend.backup);
  return primary.length > 0 ? primary : available;
}
