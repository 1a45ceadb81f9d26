/** From what the schema returns to the Config type: names given, shorthands written out, frozen. */
import type * as z from 'zod';
import { parseBackendUrl } from '../net/backend-url.ts';
import type { Config, RouteAction, RouteConfig, root } from './schema/root.ts';
import { route } from './schema/route.ts';

type Parsed = z.output<typeof root>;
type ParsedRoute = z.output<typeof route>;

/** @param parsed an output of the schema for which referenceProblems found nothing. */
export function expand(parsed: Parsed): Config {
  const [onlyPool] = Object.keys(parsed.pools);
  const routes =
    parsed.routes.length === 0 && onlyPool !== undefined
      ? [route.parse({ name: 'default', pool: onlyPool })]
      : parsed.routes;
  return deepFreeze({
    ...parsed,
    listeners: parsed.listeners.map((listener) => ({
      ...listener,
      name: listener.name ?? listener.bind,
    })),
    routes: routes.map(expandRoute),
    rateLimits: Object.fromEntries(
      Object.entries(parsed.rateLimits).map(([name, limit]) => [
        name,
        { ...limit, burst: limit.burst ?? Math.max(1, Math.ceil(limit.rate)) },
      ]),
    ),
    pools: Object.fromEntries(
      Object.entries(parsed.pools).map(([name, pool]) => [
        name,
        {
          ...pool,
          backends: pool.backends.map((backend) => ({
            ...backend,
            name: backend.name ?? parseBackendUrl(backend.url)?.name ?? backend.url,
          })),
        },
      ]),
    ),
  });
}

function expandRoute(parsed: ParsedRoute, index: number): RouteConfig {
  const { pool, split, redirect, respond, name, match, ...rest } = parsed;
  return {
    name: name ?? `route-${index}`,
    match,
    action: actionOf({ pool, split, redirect, respond }),
    ...rest,
  };
}

function actionOf({
  pool,
  split,
  redirect,
  respond,
}: {
  readonly [Key in 'pool' | 'split' | 'redirect' | 'respond']: ParsedRoute[Key] | undefined;
}): RouteAction {
  if (pool !== undefined) return { kind: 'pool', pool };
  if (split !== undefined) return { kind: 'split', pools: split };
  if (redirect !== undefined) return { kind: 'redirect', ...redirect };
  if (respond !== undefined) return { kind: 'respond', ...respond };
  throw new TypeError('a route without an action passed the reference rules');
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
