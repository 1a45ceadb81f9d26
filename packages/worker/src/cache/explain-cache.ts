/** What a cache would do with a request, by what this worker has in its memory. Changes nothing, asks nobody. */
import type { DryRequest } from '../explain/dry-request.ts';
import type { StageVerdict } from '../stages/stage.ts';
import type { Cache } from './cache.ts';
import { cacheKey } from './cache-key.ts';
import { isNotModified } from './conditions.ts';
import { parseCacheControl } from './directives.ts';
import type { Entry } from './entry.ts';
import { isUnsafe } from './invalidation.ts';
import { AUTHORIZATION, CONDITIONAL, traitsOf, whyForOrigin } from './request-traits.ts';
import { usabilityOf } from './usability.ts';

/** @param route by name @param nowMs on the monotonic clock */
export function explainCache(
  cache: Cache,
  request: DryRequest,
  route: string,
  nowMs: number,
): StageVerdict {
  const { head, method } = request;
  if (!cache.serves(method)) return passes(bypassText(method));
  const traits = traitsOf(head.lines);
  const why = whyForOrigin(head, traits);
  if (why !== undefined) return passes(`bypass: ${why}`);
  const key = cacheKey(request, route);
  const directives = parseCacheControl(request.header('cache-control'));
  const entry = cache.peek(key, request);
  const use = entry === undefined ? 'none' : usabilityOf(entry, directives, nowMs);
  const found = `${usageText(use, entry, nowMs)}; key ${JSON.stringify(key)}`;
  if (entry !== undefined && ANSWERING.has(use)) {
    const isConfirmed = (traits & CONDITIONAL) !== 0 && isNotModified(entry.answer, head.lines);
    return { verdict: 'answer', because: `${isConfirmed ? 304 : entry.answer.status}: ${found}` };
  }
  if (directives.onlyIfCached && cache.shared === undefined)
    return { verdict: 'refuse', because: `504: it wants what is stored alone; ${found}` };
  if (directives.noStore) return passes(`bypass: it says no-store; ${found}`);
  const further = [
    found,
    ...(cache.shared === undefined ? [] : ['other workers may have it']),
    ...((traits & AUTHORIZATION) === 0
      ? []
      : ['it has Authorization: its answer is kept only when that says for others']),
  ];
  return passes(further.join('; '));
}

/** What is stored is sent. */
const ANSWERING = new Set(['fresh', 'accepted stale', 'stale behind refresh']);

function passes(because: string): StageVerdict {
  return { verdict: 'pass', because };
}

function bypassText(method: string): string {
  return isUnsafe(method)
    ? `bypass: ${method}, which takes its address out of the cache when it succeeds`
    : `bypass: ${method} is not answered with what is stored`;
}

function usageText(
  use: ReturnType<typeof usabilityOf> | 'none',
  entry: Entry | undefined,
  nowMs: number,
): string {
  if (entry === undefined) return 'miss: this worker has nothing for it';
  const ageText = `${entry.ageSeconds(nowMs)} s old`;
  const ttl = entry.ttlSeconds(nowMs);
  switch (use) {
    case 'fresh':
      return `hit: ${ageText}, fresh for ${ttl} s`;
    case 'accepted stale':
      return `hit: ${ageText}, stale for ${-ttl} s, which the request accepts`;
    case 'stale behind refresh':
      return `hit: ${ageText}, stale for ${-ttl} s, and asked for again meanwhile`;
    case 'unwanted':
      return `miss: ${ageText}, fresh for ${ttl} s, and the request wants it fresher`;
    case 'stale':
    case 'none':
      return `miss: ${ageText}, stale for ${-ttl} s, ${entry.canBeValidated ? 'to be validated' : 'without a validator'}`;
  }
}
