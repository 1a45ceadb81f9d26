/** The stages of a route, in the order in which they run; one that is off is not in the list. */
import type { RouteConfig } from '@lb/shared/config/schema/root';
import type { Limiter } from '../rate-limit/limiter.ts';
import { createAccessStage } from './access.ts';
import { createRateLimitStage } from './rate-limit.ts';
import type { Stage } from './stage.ts';

/** @param limiters those of the configuration, by name */
export function buildPipeline(
  route: RouteConfig,
  limiters: ReadonlyMap<string, Limiter>,
): readonly Stage[] {
  return [
    // First, because it costs least and a refused client should not reach anything else.
    createAccessStage(route.access),
    // Before all that costs more than counting; whoever may not come in at all does not use up tokens.
    createRateLimitStage(route.rateLimit.map((name) => limiterNamed(limiters, name))),
  ].filter((stage) => stage !== undefined);
}

function limiterNamed(limiters: ReadonlyMap<string, Limiter>, name: string): Limiter {
  const limiter = limiters.get(name);
  if (limiter === undefined) throw new Error(`a checked configuration has the limit ${name}`);
  return limiter;
}
