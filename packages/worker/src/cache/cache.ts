/**
 * One of `caches`, in a worker: whether a request is answered with what is stored, waits for an answer that is on its way, or
 * goes on to a backend, and what of that is stored.
 *
 *     admit ──┬─ fresh ──────────────────▶ answered
 *             ├─ stale, may be used ─────▶ answered, and asked for again behind it (refresh.ts)
 *             ├─ somebody has asked ─────▶ waits (follower.ts)
 *             ├─ shared with others ─────▶ looks there first (quest.ts)
 *             └─ else ───────────────────▶ on to a backend (visit.ts)
 */
import type { CacheConfig } from '@lb/shared/config/schema/root';
import { isPurged, type Purge } from '@lb/shared/model/purge';
import { urlOf } from '@lb/shared/store/redis/answer-keys';
import type { Clock, Random } from '@lb/shared/time/clock';
import type { CacheMetrics } from '../metrics/cache-metrics.ts';
import type { Exchange } from '../request/exchange.ts';
import { errorReply } from '../request/reply.ts';
import type { Route } from '../request/route.ts';
import type { Verdict } from '../stages/stage.ts';
import { purgeableKey } from './answer-places.ts';
import { cacheKey } from './cache-key.ts';
import { type CacheStatus, cacheStatusLine, type ForwardReason, reasonOf } from './cache-status.ts';
import { NO_DIRECTIVES, parseCacheControl, wantsItsOwn } from './directives.ts';
import type { Entry } from './entry.ts';
import { Fills } from './fills.ts';
import { Follower } from './follower.ts';
import { Invalidation, isUnsafe } from './invalidation.ts';
import type { Lease } from './lease.ts';
import { lookElsewhere } from './look-elsewhere.ts';
import { MemoryTier } from './memory-tier.ts';
import { Quest } from './quest.ts';
import { refresh, refreshForAll } from './refresh.ts';
import {
  AUTHORIZATION,
  CONDITIONAL,
  DIRECTIVES,
  isForOrigin,
  RANGE,
  traitsOf,
} from './request-traits.ts';
import { sendStored } from './send-stored.ts';
import { type SharedAnswers, SharedTier } from './shared-tier.ts';
import type { StoreRules } from './storability.ts';
import type { Tier } from './tier.ts';
import { usabilityOf } from './usability.ts';
import { Visit, type VisitSetup } from './visit.ts';

export interface CacheTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: CacheMetrics;
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
    const { clock, random, metrics, onInvalidation } = tools;
    this.name = name;
    this.#onInvalidation = onInvalidation;
    this.clock = clock;
    this.metrics = metrics;
    this.#random = random;
    this.#rules = rules;
    this.#memory = new MemoryTier(rules.config.maxSize, {
      onSize: (bytes) => metrics.setBytes(bytes),
      onEviction: () => metrics.evicted(),
    });
    this.#tier = this.#memory;
    this.fills = new Fills(rules.config.maxObject);
  }

  get tier(): Tier {
    return this.#tier;
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

  /** What becomes of a request. Runs per request: one that is answered with what is stored costs little. */
  admit(exchange: Exchange, route: Route): Verdict | Promise<Verdict> {
    const { head, method } = exchange;
    if (head === undefined || !this.#serves(method)) return this.#passBy(exchange, 'fwd=method');
    const traits = traitsOf(head.lines);
    if (isForOrigin(exchange, traits)) return this.#passBy(exchange, 'fwd=bypass');
    const key = cacheKey(exchange, route.name);
    const entry = this.#tier.get(key, exchange);
    const nowMs = exchange.startedMs;
    if (entry === undefined || (traits & DIRECTIVES) !== 0 || entry.freshMs(nowMs) <= 0)
      return this.#lookCloser(exchange, { route, key, traits, entry });
    this.metrics.count('hit');
    this.send(exchange, { route, entry, traits, status: 'hit', nowMs });
    return 'answered';
  }

  /** Answers a request with what is stored. */
  send(exchange: Exchange, { route, entry, traits, status, nowMs }: Sending): void {
    let lines: string;
    if (!this.config.addStatusHeader) lines = entry.ageLine(nowMs);
    else if (status === 'hit') lines = entry.hitLines(nowMs);
    else lines = entry.ageLine(nowMs) + cacheStatusLine(status, entry.ttlSeconds(nowMs));
    sendStored(exchange, { route, entry, traits, lines, tier: this.tier });
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

  #lookCloser(exchange: Exchange, found: Found): Verdict | Promise<Verdict> {
    const { entry, traits } = found;
    const directives =
      (traits & DIRECTIVES) === 0
        ? NO_DIRECTIVES
        : parseCacheControl(exchange.header('cache-control'));
    const nowMs = exchange.startedMs;
    const use = entry === undefined ? 'none' : usabilityOf(entry, directives, nowMs);
    switch (use) {
      case 'fresh':
        return this.#use(exchange, found, 'hit');
      case 'accepted stale':
        return this.#use(exchange, found, 'hit; detail=max-stale');
      case 'stale behind refresh':
        if (entry?.isRefreshDue(nowMs) === true) this.#refresh(exchange, found, entry);
        return this.#use(exchange, found, 'hit; detail=stale-while-revalidate');
      case 'none':
      case 'stale':
      case 'unwanted':
        if (directives.onlyIfCached) return this.#lookOnly(exchange, found);
        if (directives.noStore) return this.#passBy(exchange, 'fwd=bypass');
        return this.#fetch(exchange, found, wantsItsOwn(directives));
    }
  }

  #use(exchange: Exchange, { route, entry, traits }: Found, status: CacheStatus): Verdict {
    if (entry === undefined) throw new Error('only what there is can be used');
    this.metrics.count(entry.freshMs(exchange.startedMs) > 0 ? 'hit' : 'stale');
    this.send(exchange, { route, entry, traits, status, nowMs: exchange.startedMs });
    return 'answered';
  }

  /** It goes to a backend, or waits for one that does. @param isForced the client wants an answer of its own */
  #fetch(exchange: Exchange, found: Found, isForced: boolean): Verdict | Promise<Verdict> {
    const { route, key, traits, entry } = found;
    const nowMs = exchange.startedMs;
    const vary = this.#tier.varyOf(key);
    const reason = reasonOf(entry, vary, isForced);
    const visit = { exchange, route, key, traits, entry, reason };
    const isWorthWaiting = this.fills.isWorthWaiting(key, nowMs);
    const shared = this.#shared?.isUp === true && isWorthWaiting ? this.#shared : undefined;
    // The conditions of a client come to an answer for that client alone, unless the cache has its own to put in their place.
    const isWhole = (traits & (RANGE | CONDITIONAL)) === 0 || entry?.canBeValidated === true;
    const isAlone =
      isForced ||
      !isWhole ||
      !this.config.collapse ||
      exchange.method !== 'GET' ||
      (traits & AUTHORIZATION) !== 0 ||
      !isWorthWaiting;
    if (isAlone) {
      if (shared !== undefined && !isForced) return this.#lookFirst(shared, visit);
      exchange.caching = new Visit(this, { ...visit, fill: undefined });
      return undefined;
    }
    // What was found may have been purged meanwhile.
    const onRestart = (): Verdict | Promise<Verdict> =>
      this.#lookCloser(exchange, { ...found, entry: this.#tier.get(key, exchange) });
    const under = this.fills.find(key, vary ?? [], exchange);
    if (route.timeoutMs > 0) exchange.limitTime(route.timeoutMs);
    if (under === undefined) {
      const fill = this.fills.open(key, vary ?? [], exchange);
      if (shared !== undefined)
        return new Promise((settle) => {
          exchange.carrier = new Quest(this, shared, { ...visit, fill, onRestart }, settle);
        });
      exchange.caching = new Visit(this, { ...visit, fill });
      return undefined;
    }
    const onRelease = (): void => {
      exchange.caching = new Visit(this, { ...visit, fill: undefined });
    };
    const setup = { exchange, route, traits, fill: under, onRelease, onRestart };
    return new Promise((settle) => {
      exchange.carrier = new Follower(this, setup, settle);
    });
  }

  /** Another worker may have what is missing; if not it goes to a backend. */
  async #lookFirst(tier: SharedTier, visit: Omit<VisitSetup, 'fill'>): Promise<Verdict> {
    const { exchange } = visit;
    const isAnswered = await lookElsewhere(this, tier, visit);
    if (isAnswered || exchange.isOver) return 'answered';
    exchange.caching = new Visit(this, { ...visit, fill: undefined });
    return undefined;
  }

  /** Another worker may have what is missing; if not nobody is asked. */
  #lookOnly(exchange: Exchange, found: Found): Verdict | Promise<Verdict> {
    const tier = this.#shared;
    if (tier?.isUp !== true) return NOT_STORED;
    const use = { exchange, ...found };
    return lookElsewhere(this, tier, use).then((isAnswered) =>
      isAnswered ? 'answered' : NOT_STORED,
    );
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
            answers,
            clock: this.clock,
            random: this.#random,
          });
    this.#tier = this.#shared ?? this.#memory;
  }

  #refresh(exchange: Exchange, { route, key }: Found, entry: Entry): void {
    const vary = entry.answer.vary;
    if (this.fills.find(key, vary, exchange) !== undefined) return;
    const setup = { exchange, route, entry, fill: this.fills.open(key, vary, exchange) };
    if (this.#shared?.isUp === true) refreshForAll(this, this.#shared, setup);
    else refresh(this, setup);
  }

  #serves(method: string): boolean {
    return (method === 'GET' || method === 'HEAD') && this.config.methods.includes(method);
  }

  /** It is neither answered with what is stored, nor is its answer stored. */
  #passBy(exchange: Exchange, reason: ForwardReason): undefined {
    this.metrics.count('bypass');
    exchange.answerLines += this.statusLine(reason);
    if (isUnsafe(exchange.method)) exchange.caching = new Invalidation(this, exchange);
  }
}

/** What there is for a request. */
interface Found {
  readonly route: Route;
  readonly key: string;
  /** traitsOf the request. */
  readonly traits: number;
  readonly entry: Entry | undefined;
}

const NOT_STORED = errorReply('not_stored', 'nothing is stored that may be used for this request');
