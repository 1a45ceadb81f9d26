/** `cache`: answers with what is stored, or lets the request on to a backend and the cache look at its answer. */
import { admit } from '../cache/admit.ts';
import type { Cache } from '../cache/cache.ts';
import { explainCache } from '../cache/explain-cache.ts';
import type { Stage } from './stage.ts';

/** undefined when the route has no cache. @param routeName of the route */
export function createCacheStage(cache: Cache | undefined, routeName: string): Stage | undefined {
  if (cache === undefined) return undefined;
  return {
    name: 'cache',
    admit(exchange) {
      const { route } = exchange;
      if (route === undefined) throw new Error('a stage runs on a route');
      return admit(cache, exchange, route);
    },
    explain: (request, nowMs) => explainCache(cache, request, routeName, nowMs),
  };
}
