/** lb.yaml as a whole. Defaults live here and nowhere else; the descriptions are the user's reference. */
import * as z from 'zod';
import { cache } from './cache.ts';
import { admin, log, overload, requestId, shutdown } from './instance.ts';
import { listener } from './listener.ts';
import { metrics } from './metrics.ts';
import { pool } from './pool.ts';
import { rateLimit } from './rate-limit.ts';
import { route } from './route.ts';
import { cidr, name, whole } from './scalars.ts';
import { secret, stateDir, store } from './store.ts';
import { tracing } from './tracing.ts';

/** The whole file. Rules that span sections (a route's pool exists, names are unique) are in ../references.ts. */
export const root = z.strictObject({
  workers: z
    .union([z.literal('auto'), whole(1, 1024)], 'expected "auto" or a whole number from 1 to 1024')
    .default('auto')
    .describe('Worker processes. auto = one per CPU the process may use.'),
  listeners: z
    .array(listener)
    .min(1, 'expected at least one listener')
    .describe('Where clients connect.'),
  trustedProxies: z
    .array(
      z.union(
        [z.literal('unix'), cidr],
        'expected an address range such as "10.0.0.0/8", or "unix"',
      ),
    )
    .default([])
    .describe(
      'Ranges whose X-Forwarded-* and X-Request-Id are believed; "unix" for clients of unix sockets.',
    ),
  routes: z
    .array(route)
    .default([])
    .describe(
      'First match wins; no match is 404. With one pool and no routes, everything goes to that pool.',
    ),
  pools: z.record(name, pool).default({}).describe('Pools by name.'),
  rateLimits: z
    .record(name, rateLimit)
    .default({})
    .describe('Rate limits by name; routes name those that hold for them.'),
  caches: z
    .record(name, cache)
    .default({})
    .describe('Caches by name; routes name the one that keeps their answers.'),
  store: store
    .prefault({})
    .describe('Where workers and instances share rate limits, sessions and changes at run time.'),
  stateDir,
  secret,
  admin: admin.prefault({}).describe('The admin server.'),
  log: log.prefault({}).describe('Logging.'),
  tracing: tracing
    .nullable()
    .default(null)
    .describe('Traces of requests, for a collector of OpenTelemetry. Default: off.'),
  metrics: metrics.prefault({}).describe('Where what is measured is kept.'),
  requestId: requestId.prefault({}).describe('Request ids.'),
  shutdown: shutdown.prefault({}).describe('What happens on SIGTERM.'),
  overload: overload
    .prefault({})
    .describe('When requests are refused so that others can be served.'),
});

type Root = z.output<typeof root>;
type Listener = z.output<typeof listener>;
type Route = z.output<typeof route>;
type Backend = z.output<typeof pool>['backends'][number];

/** A listener with its name. */
export type ListenerConfig = Listener & { readonly name: string };

/** What a route does with a request: exactly one of four. */
export type RouteAction =
  | { readonly kind: 'pool'; readonly pool: string }
  | {
      readonly kind: 'split';
      readonly pools: readonly { readonly pool: string; readonly weight: number }[];
    }
  | { readonly kind: 'redirect'; readonly to: string; readonly status: number }
  | {
      readonly kind: 'respond';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    };

/** A route with its name and its one action. */
export type RouteConfig = Omit<Route, 'pool' | 'split' | 'redirect' | 'respond'> & {
  readonly name: string;
  readonly action: RouteAction;
};

/** A backend with its name. */
export type BackendConfig = Backend & { readonly name: string };

/** A rate limit, with its burst. */
export type RateLimitConfig = Omit<z.output<typeof rateLimit>, 'burst'> & {
  readonly burst: number;
};

/** A cache of answers. */
export type CacheConfig = z.output<typeof cache>;

/** How the sessions of a pool keep to one backend: one of three modes. */
export type StickyConfig = NonNullable<z.output<typeof pool>['sticky']>;

/** A pool whose backends have names. */
export type PoolConfig = Omit<z.output<typeof pool>, 'backends'> & {
  readonly backends: readonly BackendConfig[];
};

/**
 * A checked configuration: every default filled in, every shorthand written out, every reference resolved, frozen.
 * Keys are those of lb.yaml; durations are milliseconds and sizes bytes.
 */
export type Config = Omit<Root, 'listeners' | 'routes' | 'pools' | 'rateLimits'> & {
  readonly listeners: readonly ListenerConfig[];
  readonly routes: readonly RouteConfig[];
  readonly pools: Readonly<Record<string, PoolConfig>>;
  readonly rateLimits: Readonly<Record<string, RateLimitConfig>>;
};
