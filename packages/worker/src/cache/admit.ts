/**
 * Whether a request is answered with what is stored, waits for an answer that is on its way, or goes on to a backend.
 *
 *     admit ──┬─ fresh ──────────────────▶ answered
 *             ├─ stale, may be used ─────▶ answered, and asked for again behind it (refresh.ts)
 *             ├─ somebody has asked ─────▶ waits (follower.ts)
 *             ├─ shared with others ─────▶ looks there first (quest.ts)
 *             └─ else ───────────────────▶ on to a backend (visit.ts)
 */
import type { Exchange } from '../request/exchange.ts';
import { errorReply } from '../request/reply.ts';
import type { Route } from '../request/route.ts';
import type { Verdict } from '../stages/stage.ts';
import type { Cache } from './cache.ts';
import { cacheKey } from './cache-key.ts';
import { type CacheStatus, type ForwardReason, reasonOf } from './cache-status.ts';
import { NO_DIRECTIVES, parseCacheControl, wantsItsOwn } from './directives.ts';
import type { Entry } from './entry.ts';
import { Follower } from './follower.ts';
import { Invalidation, isUnsafe } from './invalidation.ts';
import { lookElsewhere } from './look-elsewhere.ts';
import { Quest } from './quest.ts';
import { refresh, refreshForAll } from './refresh.ts';
import {
  AUTHORIZATION,
  CONDITIONAL,
  DIRECTIVES,
  RANGE,
  traitsOf,
  whyForOrigin,
} from './request-traits.ts';
import type { SharedTier } from './shared-tier.ts';
import { usabilityOf } from './usability.ts';
import { Visit, type VisitSetup } from './visit.ts';

/** What becomes of a request. Runs per request: one that is answered with what is stored costs little. */
export function admit(cache: Cache, exchange: Exchange, route: Route): Verdict | Promise<Verdict> {
  const { head, method } = exchange;
  if (head === undefined || !cache.serves(method)) return passBy(cache, exchange, 'fwd=method');
  const traits = traitsOf(head.lines);
  if (whyForOrigin(head, traits) !== undefined) return passBy(cache, exchange, 'fwd=bypass');
  const key = cacheKey(exchange, route.name);
  const entry = cache.tier.get(key, exchange);
  const nowMs = exchange.startedMs;
  if (entry === undefined || (traits & DIRECTIVES) !== 0 || entry.freshMs(nowMs) <= 0)
    return lookCloser(cache, exchange, { route, key, traits, entry });
  cache.metrics.count('hit');
  cache.send(exchange, { route, entry, traits, status: 'hit', nowMs });
  return 'answered';
}

function lookCloser(cache: Cache, exchange: Exchange, found: Found): Verdict | Promise<Verdict> {
  const { entry, traits } = found;
  const directives =
    (traits & DIRECTIVES) === 0
      ? NO_DIRECTIVES
      : parseCacheControl(exchange.header('cache-control'));
  const nowMs = exchange.startedMs;
  const use = entry === undefined ? 'none' : usabilityOf(entry, directives, nowMs);
  switch (use) {
    case 'fresh':
      return answer(cache, exchange, found, 'hit');
    case 'accepted stale':
      return answer(cache, exchange, found, 'hit; detail=max-stale');
    case 'stale behind refresh':
      if (entry?.isRefreshDue(nowMs) === true) refreshBehind(cache, exchange, found, entry);
      return answer(cache, exchange, found, 'hit; detail=stale-while-revalidate');
    case 'none':
    case 'stale':
    case 'unwanted':
      if (directives.onlyIfCached) return lookOnly(cache, exchange, found);
      if (directives.noStore) return passBy(cache, exchange, 'fwd=bypass');
      return goFor(cache, exchange, found, wantsItsOwn(directives));
  }
}

function answer(
  cache: Cache,
  exchange: Exchange,
  { route, entry, traits }: Found,
  status: CacheStatus,
): Verdict {
  if (entry === undefined) throw new Error('only what there is can be used');
  cache.metrics.count(entry.freshMs(exchange.startedMs) > 0 ? 'hit' : 'stale');
  cache.send(exchange, { route, entry, traits, status, nowMs: exchange.startedMs });
  return 'answered';
}

/** It goes to a backend, or waits for one that does. @param isForced the client wants an answer of its own */
function goFor(
  cache: Cache,
  exchange: Exchange,
  found: Found,
  isForced: boolean,
): Verdict | Promise<Verdict> {
  const { route, key, traits, entry } = found;
  const nowMs = exchange.startedMs;
  const vary = cache.tier.varyOf(key);
  const reason = reasonOf(entry, vary, isForced);
  const visit = { exchange, route, key, traits, entry, reason };
  const isWorthWaiting = cache.fills.isWorthWaiting(key, nowMs);
  const shared = isWorthWaiting ? cache.shared : undefined;
  // The conditions of a client come to an answer for that client alone, unless the cache has its own to put in their place.
  const isWhole = (traits & (RANGE | CONDITIONAL)) === 0 || entry?.canBeValidated === true;
  const isAlone =
    isForced ||
    !isWhole ||
    !cache.config.collapse ||
    exchange.method !== 'GET' ||
    (traits & AUTHORIZATION) !== 0 ||
    !isWorthWaiting;
  if (isAlone) {
    if (shared !== undefined && !isForced) return lookFirst(cache, shared, visit);
    exchange.caching = new Visit(cache, { ...visit, fill: undefined });
    return undefined;
  }
  // What was found may have been purged meanwhile.
  const onRestart = (): Verdict | Promise<Verdict> =>
    lookCloser(cache, exchange, { ...found, entry: cache.tier.get(key, exchange) });
  const under = cache.fills.find(key, vary ?? [], exchange);
  if (route.timeoutMs > 0) exchange.limitTime(route.timeoutMs);
  if (under === undefined) {
    const fill = cache.fills.open(key, vary ?? [], exchange);
    if (shared !== undefined)
      return new Promise((settle) => {
        exchange.carrier = new Quest(cache, shared, { ...visit, fill, onRestart }, settle);
      });
    exchange.caching = new Visit(cache, { ...visit, fill });
    return undefined;
  }
  const onRelease = (): void => {
    exchange.caching = new Visit(cache, { ...visit, fill: undefined });
  };
  const setup = { exchange, route, traits, fill: under, onRelease, onRestart };
  return new Promise((settle) => {
    exchange.carrier = new Follower(cache, setup, settle);
  });
}

/** Another worker may have what is missing; if not it goes to a backend. */
async function lookFirst(
  cache: Cache,
  tier: SharedTier,
  visit: Omit<VisitSetup, 'fill'>,
): Promise<Verdict> {
  const { exchange } = visit;
  const isAnswered = await lookElsewhere(cache, tier, visit);
  if (isAnswered || exchange.isOver) return 'answered';
  exchange.caching = new Visit(cache, { ...visit, fill: undefined });
  return undefined;
}

/** Another worker may have what is missing; if not nobody is asked. */
function lookOnly(cache: Cache, exchange: Exchange, found: Found): Verdict | Promise<Verdict> {
  const tier = cache.shared;
  if (tier === undefined) return NOT_STORED;
  const use = { exchange, ...found };
  return lookElsewhere(cache, tier, use).then((isAnswered) =>
    isAnswered ? 'answered' : NOT_STORED,
  );
}

function refreshBehind(
  cache: Cache,
  exchange: Exchange,
  { route, key }: Found,
  entry: Entry,
): void {
  const vary = entry.answer.vary;
  if (cache.fills.find(key, vary, exchange) !== undefined) return;
  const setup = { exchange, route, entry, fill: cache.fills.open(key, vary, exchange) };
  const { shared } = cache;
  if (shared === undefined) refresh(cache, setup);
  else refreshForAll(cache, shared, setup);
}

/** It is neither answered with what is stored, nor is its answer stored. */
function passBy(cache: Cache, exchange: Exchange, reason: ForwardReason): undefined {
  cache.metrics.count('bypass');
  exchange.answerLines += cache.statusLine(reason);
  if (isUnsafe(exchange.method)) exchange.caching = new Invalidation(cache, exchange);
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
