/** What is allowed in `pools.*.passiveHealth` and probably not meant. */
import { LEAST_COMPARED } from '../model/rotation.ts';
import { type Located, type Path, type Problem, at } from './located.ts';
import type { PoolConfig } from './schema/root.ts';

/** Only of what is written: the defaults are meant for every pool. */
export function passiveHealthWarnings(
  pool: string,
  { passiveHealth, backends }: PoolConfig,
  root: Located,
): Pick<Problem, 'path' | 'message'>[] {
  const path: Path = ['pools', pool, 'passiveHealth'];
  const section = at(root, ...path);
  if (section?.kind !== 'map' || section.entries.size === 0) return [];
  const count = backends.length;
  if (count === 1) {
    const message = 'the last backend is never ejected, and this pool has no other';
    return [{ path, message }];
  }
  const found: [key: string, message: string][] = [];
  const { ejectFor, maxEjectFor, latencyFactor, maxEjectedPercent } = passiveHealth;
  if (ejectFor > maxEjectFor) {
    const key = section.entries.has('ejectFor') ? 'ejectFor' : 'maxEjectFor';
    found.push([key, 'ejectFor is longer than maxEjectFor: every ejection lasts maxEjectFor']);
  }
  if (latencyFactor > 0 && count < LEAST_COMPARED)
    found.push(['latencyFactor', `this takes ${LEAST_COMPARED} backends to compare`]);
  if (section.entries.has('maxEjectedPercent') && count * maxEjectedPercent < 100)
    found.push([
      'maxEjectedPercent',
      `${maxEjectedPercent} % of ${count} backends are none: nothing is ejected`,
    ]);
  return found.map(([key, message]) => ({ path: [...path, key], message }));
}
