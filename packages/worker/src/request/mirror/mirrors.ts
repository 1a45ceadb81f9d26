/** The mirrors of all routes, carried from snapshot to snapshot: what is in flight is counted on. */
import type { RouteConfig } from '@lb/shared/config/schema/root';
import type { Pool } from '../../balancing/pool.ts';
import type { Cells } from '../../metrics/cells.ts';
import { MirrorMetrics } from '../../metrics/mirror-metrics.ts';
import { Mirror } from '../mirror.ts';

export class Mirrors {
  readonly #cells: Cells;
  #byRoute: ReadonlyMap<string, Mirror> = new Map();

  constructor(cells: Cells) {
    this.#cells = cells;
  }

  /** Takes over the routes of a new snapshot. @returns the mirrors by the names of their routes */
  apply(
    routes: readonly RouteConfig[],
    pools: ReadonlyMap<string, Pool>,
  ): ReadonlyMap<string, Mirror> {
    const mirrors = new Map<string, Mirror>();
    for (const { name, mirror: config } of routes) {
      const pool = config === null ? undefined : pools.get(config.pool);
      if (config === null || pool === undefined) continue;
      const { percent } = config;
      const known = this.#byRoute.get(name);
      known?.apply(pool, percent);
      mirrors.set(name, known ?? new Mirror(new MirrorMetrics(this.#cells, name), pool, percent));
    }
    this.#byRoute = mirrors;
    return mirrors;
  }
}
