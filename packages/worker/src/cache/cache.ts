/** One of `caches`, in a worker: what is stored, what is on its way, and how it is thrown away. Requests come by admit.ts. */
import type { CacheConfig } from '@lb/shared/config/schema/root';
import { isPurged, type Purge } from '@lb/shared/model/purge';
import { urlOf } from '@lb/shared/store/redis/answer-keys';
import type { Clock, Random } from '@lb/shared/time/clock';
import type { CacheMetrics } from '../metrics/cache-metrics.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Route } from '../request/route.ts';
import { purgeableKey } from './answer-places.ts';
import type { BodyStore } from './body-store.ts';
import { type CacheStatus, cacheStatusLine } from './cache-status.ts';
import type { Entry } from './entry.ts';
import { Fills } from './fills.ts';
import type { Lease } from './lease.ts';
import { MemoryTier } from './memory-tier.ts';
import { sendStored } from './send-stored.ts';
import { type SharedAnswers, SharedTier } from './shared-tier.ts';
import type { StoreRules } from './storability.ts';
import type { Tier } from './tier.ts';
import type { FieldReader } from './vary.ts';

export interface CacheTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: CacheMetrics;
  /** Where bodies are; of all caches of the worker. */
  readonly store: BodyStore;
  /** Has the other workers forget these keys. */
  readonly onInvalidation: (keys: readonly string[]) => void;
}

/** What a snapshot says of it. */
export interface CacheSettings {
  readonly rules: StoreRules;
  /** Names of the routes that use it. */
  readonly routes: readonly string[];
  /** Its second tier. */
  readonly answers: SharedAnswers | undefined;
}

/** How an entry is sent. */
export interface Sending {
  readonly route: Route;
  readonly entry: Entry;
  /** traitsOf the request. */
  readonly traits: number;
  readonly status: CacheStatus;
  /** On the monotonic clock. */
  readonly nowMs: number;
}

export class Cache {
  readonly clock: Clock;
  readonly metrics: CacheMetrics;
  readonly name: string;
  readonly fills: Fills;
  readonly #store: BodyStore;
  readonly #random: Random;
  readonly #memory: MemoryTier;
  readonly #onInvalidation: CacheTools['onInvalidation'];
  #tier: Tier;
  #answers: SharedAnswers | undefined;
  #shared: SharedTier | undefined;
  #rules: StoreRules;
  /** By name, those that use it. */
  #routes: readonly string[] = [];
  #purges = 0;

  constructor(name: string, rules: StoreRules, tools: CacheTools) {
    const { clock, random, metrics, store, onInvalidation } = tools;
    this.name = name;
    this.#store = store;
    this.#onInvalidation = onInvalidation;
    this.clock = clock;
    this.metrics = metrics;
    this.#random = random;
    this.#rules = rules;
    this.#memory = new MemoryTier(rules.config.maxSize, store, {
      onSize: (bytes) => metrics.setBytes(bytes),
      onEviction: () => metrics.evicted(),
    });
    this.#tier = this.#memory;
    this.fills = new Fills(store, rules.config.maxObject);
  }

  get tier(): Tier {
    return this.#tier;
  }

  /** Its second tier, as long as that is there. */
  get shared(): SharedTier | undefined {
    return this.#shared?.isUp === true ? this.#shared : undefined;
  }

  /** How often something was thrown away before its time: what was on its way then is not used. */
  get purges(): number {
    return this.#purges;
  }

  /** Answers in the memory of this worker. */
  get count(): number {
    return this.#memory.count;
  }

  get config(): CacheConfig {
    return this.#rules.config;
  }

  get rules(): StoreRules {
    return this.#rules;
  }

  /** Requests with this method are answered with what is stored. */
  serves(method: string): boolean {
    return (method === 'GET' || method === 'HEAD') && this.config.methods.includes(method);
  }

  /** What the memory has for a request, without using it. */
  peek(key: string, request: FieldReader): Entry | undefined {
    return this.#memory.peek(key, request);
  }

  /** Takes over what a new snapshot says; what is stored stays. */
  apply({ rules, routes, answers }: CacheSettings): void {
    this.#rules = rules;
    this.#routes = routes;
    this.#share(answers);
    this.#memory.limit(rules.config.maxSize);
    this.fills.limit(rules.config.maxObject);
  }

  /** It is in no snapshot any more. */
  close(): void {
    this.#memory.clear();
  }

  /** Answers a request with what is stored. */
  send(exchange: Exchange, { route, entry, traits, status, nowMs }: Sending): void {
    let lines: string;
    if (!this.config.addStatusHeader) lines = entry.ageLine(nowMs);
    else if (status === 'hit') lines = entry.hitLines(nowMs);
    else lines = entry.ageLine(nowMs) + cacheStatusLine(status, entry.ttlSeconds(nowMs));
    sendStored(exchange, { route, entry, traits, lines, tier: this.#tier, store: this.#store });
  }

  /** Cache-Status of a request that goes on; '' when none is wanted. */
  statusLine(status: CacheStatus): string {
    return this.config.addStatusHeader ? cacheStatusLine(status) : '';
  }

  /** Stores an answer. @returns undefined when there is no place for it */
  keep(entry: Entry, lease: Lease | undefined): Entry | undefined {
    this.#tier.put(entry, lease);
    return entry.isStored ? entry : undefined;
  }

  /** Forgets an address on all routes, here and everywhere else. @param keyOn the key that it has on a route */
  invalidate(keyOn: (route: string) => string): void {
    const keys = this.#routes.map(keyOn);
    this.#shared?.forget(keys);
    this.forget(keys);
    this.#onInvalidation(keys);
  }

  /** Forgets all variants of these addresses in this worker, and what is on its way for them. */
  forget(keys: readonly string[]): void {
    this.#purges++;
    for (const key of keys) {
      this.#memory.removeAll(key);
      this.fills.invalidate(key);
    }
  }

  /** Throws away what is meant, here alone, and what is on its way and may be. @returns how many answers there were */
  purge(purge: Purge): number {
    const isMeant = (key: string, tags: readonly string[]): boolean =>
      isPurged(purge, { url: urlOf(purgeableKey(key)), tags });
    this.#purges++;
    const count = this.#memory.purge(({ key, answer }) => isMeant(key, answer.tags));
    // What has no head yet may have any tag.
    this.fills.purge((key, tags) =>
      isMeant(key, tags ?? (purge.by === 'tag' ? [purge.value] : [])),
    );
    return count;
  }

  /** Same, all there is. */
  purgeAll(): number {
    const { count } = this;
    this.#purges++;
    this.#memory.clear();
    this.fills.purge(() => true);
    return count;
  }

  #share(answers: SharedAnswers | undefined): void {
    if (answers === this.#answers) return;
    this.#answers = answers;
    this.#shared =
      answers === undefined
        ? undefined
        : new SharedTier({
            name: this.name,
            memory: this.#memory,
            store: this.#store,
            answers,
            clock: this.clock,
            random: this.#random,
          });
    this.#tier = this.#shared ?? this.#memory;
  }
}
