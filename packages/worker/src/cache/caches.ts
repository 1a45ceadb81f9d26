/** All caches of a worker, carried from snapshot to snapshot: a reload throws nothing away that is stored. */
import type { Config } from '@lb/shared/config/schema/root';
import type { Clock } from '@lb/shared/time/clock';
import { CacheMetrics } from '../metrics/cache-metrics.ts';
import type { Cells } from '../metrics/cells.ts';
import { Cache } from './cache.ts';

export class Caches {
  readonly #cells: Cells;
  readonly #clock: Clock;
  #byName: ReadonlyMap<string, Cache> = new Map();

  constructor(cells: Cells, clock: Clock) {
    this.#cells = cells;
    this.#clock = clock;
  }

  /** Takes over the caches of a new snapshot. @returns them by name */
  apply({ caches, routes, requestId }: Config): ReadonlyMap<string, Cache> {
    const before = this.#byName;
    const requestIdName = requestId.header.toLowerCase();
    this.#byName = new Map(
      Object.entries(caches).map(([name, config]) => {
        const rules = { config, requestIdName };
        const cache = before.get(name) ?? this.#make(name, rules);
        const users = routes.filter((route) => route.cache === name);
        cache.apply(
          rules,
          users.map((route) => route.name),
        );
        return [name, cache];
      }),
    );
    for (const [name, cache] of before) if (!this.#byName.has(name)) cache.close();
    return this.#byName;
  }

  #make(name: string, rules: Cache['rules']): Cache {
    return new Cache(rules, { clock: this.#clock, metrics: new CacheMetrics(this.#cells, name) });
  }
}
