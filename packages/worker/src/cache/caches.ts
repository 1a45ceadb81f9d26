/** All caches of a worker, carried from snapshot to snapshot: a reload throws nothing away that is stored. */
import type { Config } from '@lb/shared/config/schema/root';
import type { ToPrimary } from '@lb/shared/ipc/messages';
import type { Clock } from '@lb/shared/time/clock';
import { CacheMetrics } from '../metrics/cache-metrics.ts';
import type { Cells } from '../metrics/cells.ts';
import { Cache } from './cache.ts';

export class Caches {
  readonly #cells: Cells;
  readonly #clock: Clock;
  readonly #send: (message: ToPrimary) => void;
  #byName: ReadonlyMap<string, Cache> = new Map();

  /** @param send tells the primary what the other workers have to forget */
  constructor(cells: Cells, clock: Clock, send: (message: ToPrimary) => void) {
    this.#cells = cells;
    this.#clock = clock;
    this.#send = send;
  }

  /** Another worker has seen a request that changed what is stored. */
  forget(cache: string, keys: readonly string[]): void {
    this.#byName.get(cache)?.forget(keys);
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
    return new Cache(rules, {
      clock: this.#clock,
      metrics: new CacheMetrics(this.#cells, name),
      onInvalidation: (keys) => this.#send({ lb: 1, type: 'purge', cache: name, keys }),
    });
  }
}
