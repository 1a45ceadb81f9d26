import { availableParallelism } from 'node:os';
import type { Config } from '@lb/shared/config/schema/root';

/** `auto` is the number of CPUs this process may use: affinity and cgroup limits count. */
export function workerCountOf({ workers }: Config): number {
  return workers === 'auto' ? availableParallelism() : workers;
}
