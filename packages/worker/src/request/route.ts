/** A route, compiled when a snapshot arrives: everything that a request needs of it, ready to use. */
import type { ListenerLimits } from '@lb/shared/config/schema/listener';
import type { Priority } from '@lb/shared/config/schema/route';
import type { RouteConfig } from '@lb/shared/config/schema/root';
import type { Random } from '@lb/shared/time/clock';
import type { Pool } from '../balancing/pool.ts';
import type { Limiter } from '../rate-limit/limiter.ts';
import type { RouteMetrics } from '../metrics/request-metrics.ts';
import { buildPipeline } from '../stages/pipeline.ts';
import type { Stage } from '../stages/stage.ts';
import type { KeyedRequest } from './request-key.ts';
import { compileEdits, type HeaderEdit } from './header-edits.ts';
import type { Mirror } from './mirror.ts';
import { RouteMatch } from './route-match.ts';
import { type PathRewrite, compileRewrite } from './rewrite.ts';
import { compileSplit } from './split.ts';

/** What is done with a request that matched. */
export type Action =
  | {
      readonly kind: 'forward';
      readonly isSplit: boolean;
      choosePool(request: KeyedRequest): Pool;
    }
  | { readonly kind: 'redirect'; readonly to: string; readonly status: number }
  | {
      readonly kind: 'respond';
      readonly status: number;
      readonly headers: readonly string[];
      readonly body: string;
    };

export interface Route {
  readonly name: string;
  readonly matches: RouteMatch;
  readonly action: Action;
  readonly priority: Priority;
  /** The stages that are on for this route, in their order. */
  readonly stages: readonly Stage[];
  readonly rewrite: PathRewrite | undefined;
  /** Host sent to the backend in place of the client's. */
  readonly hostSent: string | undefined;
  readonly editRequest: HeaderEdit | undefined;
  readonly editResponse: HeaderEdit | undefined;
  /** Whole request; 0 = no limit. */
  readonly timeoutMs: number;
  readonly maxBodyBytes: number | undefined;
  readonly metrics: RouteMetrics;
  /** Where copies of its requests go. */
  readonly mirror: Mirror | undefined;
}

/** The largest body that the route takes from this listener. */
export function maxBodyBytes(route: Route | undefined, limits: ListenerLimits): number {
  return route?.maxBodyBytes ?? limits.maxBody;
}

/** What routes are compiled from, beside their configuration. */
export interface RouteParts {
  readonly pools: ReadonlyMap<string, Pool>;
  readonly limiters: ReadonlyMap<string, Limiter>;
  /** By route. */
  readonly mirrors: ReadonlyMap<string, Mirror>;
  readonly metrics: RouteMetrics;
  readonly random: Random;
}

/** Compiles a route of a checked configuration. */
export function compileRoute(config: RouteConfig, parts: RouteParts): Route {
  const { pools, limiters, mirrors, metrics, random } = parts;
  return {
    name: config.name,
    matches: new RouteMatch(config.match),
    action: compileAction(config, pools, random),
    priority: config.priority,
    stages: buildPipeline(config, limiters),
    rewrite: compileRewrite(config.rewrite),
    hostSent: config.rewrite.host ?? undefined,
    editRequest: compileEdits(config.headers.request),
    editResponse: compileEdits(config.headers.response),
    timeoutMs: config.timeout,
    maxBodyBytes: config.maxBody,
    metrics,
    mirror: mirrors.get(config.name),
  };
}

function compileAction(
  config: RouteConfig,
  pools: ReadonlyMap<string, Pool>,
  random: Random,
): Action {
  const { action } = config;
  switch (action.kind) {
    case 'pool': {
      const pool = poolNamed(pools, action.pool);
      return { kind: 'forward', isSplit: false, choosePool: () => pool };
    }
    case 'split': {
      const parts = action.pools.map(({ pool, weight }) => ({
        pool: poolNamed(pools, pool),
        weight,
      }));
      return { kind: 'forward', isSplit: true, choosePool: compileSplit(parts, random) };
    }
    case 'redirect':
      return { kind: 'redirect', to: action.to, status: action.status };
    case 'respond':
      return {
        kind: 'respond',
        status: action.status,
        headers: Object.entries(action.headers).flat(),
        body: action.body,
      };
  }
}

function poolNamed(pools: ReadonlyMap<string, Pool>, name: string): Pool {
  const pool = pools.get(name);
  if (pool === undefined) throw new Error(`a checked configuration has the pool ${name}`);
  return pool;
}
