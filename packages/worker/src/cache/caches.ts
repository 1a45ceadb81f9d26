/** All caches of a worker, carried from snapshot to snapshot: a reload throws nothing away that is stored. */
import type { Config } from '@lb/shared/config/schema/root';
import type { ToPrimary } from '@lb/shared/ipc/messages';
import type { Answer } from '@lb/shared/ipc/questions';
import type { Purge } from '@lb/shared/model/purge';
import type { Clock, Random } from '@lb/shared/time/clock';
import { CacheMetrics } from '../metrics/cache-metrics.ts';
import type { Cells } from '../metrics/cells.ts';
import { BodyStore } from './body-store.ts';
import { Cache } from './cache.ts';
import type { SharedAnswers } from './shared-tier.ts';

/** What caches measure time and make names with. */
interface CacheMeans {
  readonly clock: Clock;
  readonly random: Random;
}

export class Caches {
  readonly #cells: Cells;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #send: (message: ToPrimary) => void;
  readonly #store = new BodyStore();
  #byName: ReadonlyMap<string, Cache> = new Map();

  /** @param send tells the primary what the other workers have to forget */
  constructor(cells: Cells, { clock, random }: CacheMeans, send: (message: ToPrimary) => void) {
    this.#cells = cells;
    this.#clock = clock;
    this.#random = random;
    this.#send = send;
  }

  /** Another worker has seen a request that changed what is stored. */
  forget(cache: string, keys: readonly string[]): void {
    this.#byName.get(cache)?.forget(keys);
  }

  /** Takes over the caches of a new snapshot. @param answers where shared ones have their second tier @returns them by name */
  apply(
    { caches, routes, requestId }: Config,
    answers: SharedAnswers | undefined,
  ): ReadonlyMap<string, Cache> {
    const before = this.#byName;
    const requestIdName = requestId.header.toLowerCase();
    this.#byName = new Map(
      Object.entries(caches).map(([name, config]) => {
        const rules = { config, requestIdName };
        const cache = before.get(name) ?? this.#make(name, rules);
        const users = routes.filter((route) => route.cache === name);
        cache.apply({
          rules,
          routes: users.map((route) => route.name),
          answers: config.shared ? answers : undefined,
        });
        return [name, cache];
      }),
    );
    for (const [name, cache] of before) if (!this.#byName.has(name)) cache.close();
    return this.#byName;
  }

  /** Throws away what the primary wants. @returns what it is told */
  purge(purges: readonly (Purge | 'everything')[]): Answer {
    let count = 0;
    for (const purge of purges) count += this.#purgeOne(purge);
    const stored = Object.fromEntries(
      [...this.#byName].map(([name, cache]) => [name, cache.count]),
    );
    return { kind: 'purged', count, stored };
  }

  #purgeOne(purge: Purge | 'everything'): number {
    let count = 0;
    for (const [name, cache] of this.#byName) {
      if (purge === 'everything') count += cache.purgeAll();
      else if (purge.cache === null || purge.cache === name) count += cache.purge(purge);
    }
    return count;
  }

  #make(name: string, rules: Cache['rules']): Cache {
    return new Cache(name, rules, {
      clock: this.#clock,
      random: this.#random,
      metrics: new CacheMetrics(this.#cells, name),
      store: this.#store,
      onInvalidation: (keys) => this.#send({ lb: 1, type: 'purge', cache: name, keys }),
    });
  }
}
