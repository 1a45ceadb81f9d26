/** The pools of a configuration as a snapshot has them while nothing is wrong. */
import type { BackendConfig, Config } from '@lb/shared/config/schema/root';
import type { BackendSnapshot, PoolSnapshot } from '@lb/shared/model/snapshot';
import { DEFAULT_TLS } from './default-tls.ts';

/** Slots by order of appearance, every backend up. @param more what is otherwise about a backend, by that slot */
export function poolsUp(
  { pools }: Pick<Config, 'pools'>,
  more: (backend: BackendConfig, slot: number) => Partial<BackendSnapshot> = () => ({}),
): PoolSnapshot[] {
  let next = 0;
  return Object.entries(pools).map(([name, pool]) => ({
    ...pool,
    name,
    tls: DEFAULT_TLS,
    backends: pool.backends.map((backend) => {
      const slot = next++;
      return { ...backend, slot, state: 'up' as const, ...more(backend, slot) };
    }),
  }));
}
