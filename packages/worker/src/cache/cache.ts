/**
 * One of `caches`, in a worker: whether a request is answered with what is stored, waits for an answer that is on its way, or
 * goes on to a backend, and what of that is stored.
 *
 *     admit ──┬─ fresh ──────────────────▶ answered
 *             ├─ stale, may be used ─────▶ answered, and asked for again behind it (refresh.ts)
 *             ├─ somebody has asked ─────▶ waits (follower.ts)
 *             └─ else ───────────────────▶ on to a backend (visit.ts)
 */
import type { CacheConfig } from '@lb/shared/config/schema/root';
import type { Clock } from '@lb/shared/time/clock';
import type { CacheMetrics } from '../metrics/cache-metrics.ts';
import type { Exchange } from '../request/exchange.ts';
import { errorReply } from '../request/reply.ts';
import type { Route } from '../request/route.ts';
import type { Verdict } from '../stages/stage.ts';
import { cacheKey } from './cache-key.ts';
import { type CacheStatus, cacheStatusLine, type ForwardReason } from './cache-status.ts';
import { type Directives, NO_DIRECTIVES, parseCacheControl } from './directives.ts';
import type { Entry } from './entry.ts';
import { Fills } from './fills.ts';
import { Follower } from './follower.ts';
import { Invalidation, isUnsafe } from './invalidation.ts';
import { MemoryTier } from './memory-tier.ts';
import { refresh } from './refresh.ts';
import {
  AUTHORIZATION,
  CONDITIONAL,
  DIRECTIVES,
  overridesRequest,
  PRECONDITION,
  RANGE,
  traitsOf,
} from './request-traits.ts';
import { sendStored } from './send-stored.ts';
import type { StoreRules } from './storability.ts';
import type { Tier } from './tier.ts';
import { usabilityOf } from './usability.ts';
import { Visit } from './visit.ts';

export interface CacheTools {
  readonly clock: Clock;
  readonly metrics: CacheMetrics;
  /** Has the other workers forget these keys. */
  readonly onInvalidation: (keys: readonly string[]) => void;
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
  readonly tier: Tier;
  readonly fills: Fills;
  readonly #memory: MemoryTier;
  readonly #onInvalidation: CacheTools['onInvalidation'];
  #rules: StoreRules;
  /** By name, those that use it. */
  #routes: readonly string[] = [];

  constructor(rules: StoreRules, { clock, metrics, onInvalidation }: CacheTools) {
    this.#onInvalidation = onInvalidation;
    this.clock = clock;
    this.metrics = metrics;
    this.#rules = rules;
    this.#memory = new MemoryTier(rules.config.maxSize, {
      onSize: (bytes) => metrics.setBytes(bytes),
      onEviction: () => metrics.evicted(),
    });
    this.tier = this.#memory;
    this.fills = new Fills(rules.config.maxObject);
  }

  get config(): CacheConfig {
    return this.#rules.config;
  }

  get rules(): StoreRules {
    return this.#rules;
  }

  /** Takes over what a new snapshot says; what is stored stays. @param routes names of those that use it */
  apply(rules: StoreRules, routes: readonly string[]): void {
    this.#rules = rules;
    this.#routes = routes;
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
    const entry = this.tier.get(key, exchange);
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
  keep(entry: Entry): Entry | undefined {
    this.tier.put(entry);
    return entry.isStored ? entry : undefined;
  }

  /** Forgets an address on all routes, here and in the other workers. @param keyOn the key that it has on a route */
  invalidate(keyOn: (route: string) => string): void {
    const keys = this.#routes.map(keyOn);
    this.forget(keys);
    this.#onInvalidation(keys);
  }

  /** Forgets all variants of these addresses, and what is on its way for them. */
  forget(keys: readonly string[]): void {
    for (const key of keys) {
      this.tier.removeAll(key);
      this.fills.invalidate(key);
    }
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
        if (directives.onlyIfCached) return NOT_STORED;
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
    const vary = this.tier.varyOf(key);
    const reason = reasonOf(entry, vary, isForced);
    const visit = { exchange, route, key, traits, entry, reason };
    // The conditions of a client come to an answer for that client alone, unless the cache has its own to put in their place.
    const isWhole = (traits & (RANGE | CONDITIONAL)) === 0 || entry?.canBeValidated === true;
    const isAlone =
      isForced ||
      !isWhole ||
      !this.config.collapse ||
      exchange.method !== 'GET' ||
      (traits & AUTHORIZATION) !== 0 ||
      !this.fills.isWorthWaiting(key, nowMs);
    if (isAlone) {
      exchange.caching = new Visit(this, { ...visit, fill: undefined });
      return undefined;
    }
    const under = this.fills.find(key, vary ?? [], exchange);
    if (under === undefined) {
      const fill = this.fills.open(key, vary ?? [], exchange);
      exchange.caching = new Visit(this, { ...visit, fill });
      return undefined;
    }
    const onRelease = (): void => {
      exchange.caching = new Visit(this, { ...visit, fill: undefined });
    };
    if (route.timeoutMs > 0) exchange.limitTime(route.timeoutMs);
    const setup = { exchange, route, traits, fill: under, onRelease };
    return new Promise((settle) => {
      exchange.carrier = new Follower(this, setup, settle);
    });
  }

  #refresh(exchange: Exchange, { route, key }: Found, entry: Entry): void {
    const vary = entry.answer.vary;
    if (this.fills.find(key, vary, exchange) !== undefined) return;
    refresh(this, { exchange, route, entry, fill: this.fills.open(key, vary, exchange) });
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

/**
 * Requests whose answer depends on more than their address and Vary: with a body (the "fat GET" of cache poisoning), with conditions for the
 * origin alone, with fields that put another request in the place of this one, or that ask for another protocol.
 */
function isForOrigin({ head }: Exchange, traits: number): boolean {
  if (head === undefined) return true;
  return (
    !head.isBodyless ||
    head.upgrade !== undefined ||
    (traits & PRECONDITION) !== 0 ||
    (head.mayIdentify && overridesRequest(head.lines))
  );
}

function wantsItsOwn({ noCache, maxAge, minFresh }: Directives): boolean {
  return noCache || maxAge !== undefined || minFresh !== undefined;
}

function reasonOf(
  entry: Entry | undefined,
  vary: readonly string[] | undefined,
  isForced: boolean,
): ForwardReason {
  if (entry === undefined) return vary === undefined ? 'fwd=uri-miss' : 'fwd=vary-miss';
  return isForced ? 'fwd=request' : 'fwd=stale';
}

const NOT_STORED = errorReply('not_stored', 'nothing is stored that may be used for this request');
