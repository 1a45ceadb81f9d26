/** The stages of a route, in the order in which they run; one that is off is not in the list. */
import type { RouteConfig } from '@lb/shared/config/schema/root';
import type { Cache } from '../cache/cache.ts';
import type { Limiter } from '../rate-limit/limiter.ts';
import { createAccessStage } from './access.ts';
import { createCacheStage } from './cache.ts';
import { createRateLimitStage } from './rate-limit.ts';
import type { Stage } from './stage.ts';

/** What stages use, by name. */
export interface StageParts {
  readonly limiters: ReadonlyMap<string, Limiter>;
  readonly caches: ReadonlyMap<string, Cache>;
}

export function buildPipeline(
  route: RouteConfig,
  { limiters, caches }: StageParts,
): readonly Stage[] {
  return [
    // First, because it costs least and a refused client should not reach anything else.
    createAccessStage(route.access),
    // Before all that costs more than counting; whoever may not come in at all does not use up tokens.
    createRateLimitStage(route.rateLimit.map((name) => limiterNamed(limiters, name))),
    // Last: what is stored is for whoever may come in, and it makes all that follows needless.
    createCacheStage(
      route.cache === null ? undefined : cacheNamed(caches, route.cache),
      route.name,
    ),
  ].filter((stage) => stage !== undefined);
}

function limiterNamed(limiters: ReadonlyMap<string, Limiter>, name: string): Limiter {
  const limiter = limiters.get(name);
  if (limiter === undefined) throw new Error(`a checked configuration has the limit ${name}`);
  return limiter;
}

function cacheNamed(caches: ReadonlyMap<string, Cache>, name: string): Cache {
  const cache = caches.get(name);
  if (cache === undefined) throw new Error(`a checked configuration has the cache ${name}`);
  return cache;
}
