/**
 * Purges caches, and says what is in them.
 *
 *     purge ─▶ Redis ─▶ the log ─┬─▶ this instance ─▶ its workers ─┬─▶ Redis again: what was under way ─▶ done
 *                                └─▶ other instances ─▶ theirs ────┘
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { CachePurgeReply, CacheReply } from '@lb/shared/admin-api/contract';
import type { Config } from '@lb/shared/config/schema/root';
import type { Purge } from '@lb/shared/model/purge';
import { addressOf } from '@lb/shared/store/redis/answer-keys';
import type { LoggedPurge, Registry } from '@lb/shared/store/registry';
import { StoreError } from '@lb/shared/store/store';
import type { Clock } from '@lb/shared/time/clock';
import type { MetricsAggregate } from '../metrics/aggregate.ts';
import type { Sharing } from '../store/sharing.ts';
import { PurgeFeed } from './purge-feed.ts';
import type { WorkerCaches } from './worker-caches.ts';

/** Between looks at how far the other instances are. */
const LOOK_MS = 20;

/** One that was killed is known to be gone after 3.5 s; one that hangs is named. */
const OTHERS_MS = 6_000;

export interface CacheControlOptions {
  readonly clock: Clock;
  readonly config: () => Pick<Config, 'caches' | 'routes'>;
  /** Id of this instance. */
  readonly id: () => string;
  readonly sharing: Pick<Sharing, 'registry' | 'instances'>;
  readonly workers: WorkerCaches;
  readonly metrics: MetricsAggregate;
}

export class CacheControl {
  readonly #options: CacheControlOptions;
  readonly #feed: PurgeFeed;
  /** Answers that the workers of this instance threw out, since it began. */
  #purgedHere = 0;
  /** Its workers that did not answer the last time. */
  #silentHere: readonly string[] = [];

  constructor(options: CacheControlOptions) {
    const { clock, id, config, sharing } = options;
    this.#options = options;
    this.#feed = new PurgeFeed({
      clock,
      id,
      registry: () => sharing.registry,
      isWanted: () => Object.keys(config().caches).length > 0,
      purge: (purges) => this.#follow(purges),
    });
  }

  /** Begins to purge what other instances purge. */
  start(): void {
    this.#feed.start();
  }

  close(): Promise<void> {
    return this.#feed.close();
  }

  /** Settles when nothing that was stored before is used any more, or it is known where it may be. */
  async purge(wish: Pick<Purge, 'by' | 'value'>): Promise<CachePurgeReply> {
    const purge: Purge = { ...wish, cache: null };
    const { registry } = this.#options.sharing;
    if (registry === undefined) return this.#purgeHere(purge, null);
    try {
      // It must be known where the log is read from before there is more in it.
      await this.#feed.read();
      await this.#purgeStore(registry, purge);
      const before = this.#purgedHere;
      const place = await registry.logPurge(purge);
      await this.#feed.read();
      const silent = [...this.#silentHere, ...(await this.#othersPast(registry, place))];
      await this.#purgeStore(registry, purge);
      return { purged: this.#purgedHere - before, silent, warning: null };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const what = 'not purged in Redis and on other instances: purge again when the store is back';
      return this.#purgeHere(purge, `${what} (${error.message})`);
    }
  }

  /** A request at this instance has changed what is stored under these keys; its workers have been told. */
  invalidated(cache: string, keys: readonly string[]): void {
    const { config, sharing, id } = this.#options;
    const isShared = config().caches[cache]?.shared === true;
    if (!isShared || sharing.registry === undefined) return;
    void sharing.registry.logPurge({ cache, keys, doneBy: id() }).catch((error: unknown) => {
      // The others use what they have as long as it is fresh: the store is away, which is said elsewhere.
      if (!(error instanceof StoreError)) throw error;
    });
  }

  /** Every cache, over all workers of this instance. */
  async caches(): Promise<readonly CacheReply[]> {
    const { config, workers, metrics } = this.#options;
    const { stored } = await workers.purge([]);
    return Object.entries(config().caches).map(([name, { shared, maxSize }]) => {
      const requests = (result: string): number =>
        metrics.value('lb_cache_requests_total', [name, result]);
      return {
        name,
        shared,
        entries: stored.get(name) ?? 0,
        bytes: metrics.value('lb_cache_bytes', [name]),
        maxBytesPerWorker: maxSize,
        hits: requests('hit'),
        misses: requests('miss'),
        stale: requests('stale'),
        revalidated: requests('revalidated'),
        collapsed: requests('collapsed'),
        bypassed: requests('bypass'),
        evictions: metrics.value('lb_cache_evictions_total', [name]),
      };
    });
  }

  async #purgeHere(purge: Purge, warning: string | null): Promise<CachePurgeReply> {
    const { count, silent } = await this.#options.workers.purge([purge]);
    return { purged: count, silent, warning };
  }

  /** Does what the log says. */
  async #follow(logged: readonly LoggedPurge['purge'][]): Promise<void> {
    const { workers, id } = this.#options;
    const purges: (Purge | 'everything')[] = [];
    for (const purge of logged) {
      if (purge === 'everything' || !('keys' in purge)) purges.push(purge);
      else if (purge.doneBy !== id()) workers.forget(purge.cache, purge.keys);
    }
    if (purges.length === 0) return;
    const { count, silent } = await workers.purge(purges);
    this.#purgedHere += count;
    this.#silentHere = silent;
  }

  /** Deletes it in Redis, of every cache that is shared. */
  async #purgeStore(registry: Registry, purge: Purge): Promise<void> {
    const { caches, routes } = this.#options.config();
    for (const [cache, { shared }] of Object.entries(caches)) {
      if (!shared) continue;
      const users = routes.filter((route) => route.cache === cache);
      const addresses =
        purge.by === 'tag' ? [cache] : users.map(({ name }) => addressOf(cache, name, purge.value));
      let cursor: string | null = '0';
      while (cursor !== null) {
        const step: { cursor: string | null } = await registry.purgeStep(
          { ...purge, cache },
          addresses,
          cursor,
        );
        ({ cursor } = step);
      }
    }
  }

  /** Waits for the other instances. @returns those that have not said that they are there */
  async #othersPast(registry: Registry, place: string): Promise<string[]> {
    const { clock, sharing } = this.#options;
    const untilMs = clock.monotonicMs() + OTHERS_MS;
    for (;;) {
      const places = await registry.purgePlaces();
      const behind = sharing.instances.filter(({ id }) => isBefore(places.get(id), place));
      if (behind.length === 0) return [];
      if (clock.monotonicMs() >= untilMs)
        return behind.map(({ host, pid }) => `instance ${host}/${pid}`);
      await pause(LOOK_MS);
    }
  }
}

/** @param place undefined for an instance without caches, which has nothing to do */
function isBefore(place: string | undefined, other: string): boolean {
  if (place === undefined) return false;
  const [ms = 0, number = 0] = place.split('-').map(Number);
  const [otherMs = 0, otherNumber = 0] = other.split('-').map(Number);
  return ms < otherMs || (ms === otherMs && number < otherNumber);
}
