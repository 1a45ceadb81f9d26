/** What is allowed and probably not meant. */
import { type BackendAddress, parseBackendUrl } from '../net/backend-url.ts';
import { isLoopback, parseBind } from '../net/bind-address.ts';
import { type Located, type Path, type Problem, at, headSpan, locate } from './located.ts';
import type { Config, PoolConfig, RouteAction, RouteConfig } from './schema/root.ts';

/** Looks at a configuration without errors; the tree says where things stand. */
export function warningsFor(config: Config, root: Located): Problem[] {
  const found = [
    ...Object.entries(config.pools).flatMap(([name, pool]) => [
      ...poolWarnings(config, name, pool),
      ...tlsWarnings(name, pool, root),
      ...hashWarnings(name, pool, root),
    ]),
    ...unreachableRoutes(config.routes),
  ];
  return found.map(({ path, message }) => {
    const place = locate(root, path);
    const written = place.rest.length === 0 && place.node.kind === 'scalar';
    const span = written ? place.node.span : headSpan(place);
    return { span, path: place.reached, message, hint: null };
  });
}

type Warning = Pick<Problem, 'path' | 'message'>;

function poolWarnings(config: Config, name: string, pool: PoolConfig): Warning[] {
  const path: Path = ['pools', name];
  const found: Warning[] = [];
  const used = config.routes.some(({ action }) => takesFrom(action, name));
  const mirrored = config.routes.findIndex(({ mirror }) => mirror?.pool === name);
  if (!used && mirrored < 0) found.push({ path, message: 'no route uses this pool' });
  if (used && mirrored >= 0) {
    const message =
      'this pool has requests of its own: a copy that fails takes backends out for them';
    found.push({ path: ['routes', mirrored, 'mirror', 'pool'], message });
  }
  if (pool.backends.every(({ weight }) => weight === 0)) {
    const message = 'every backend has weight 0: the pool gets no new traffic';
    found.push({ path: [...path, 'backends'], message });
  }
  const { type, timeout, interval } = pool.healthCheck;
  if (type !== 'none' && timeout > interval) {
    const message = 'the timeout is longer than the interval: a slow backend is noticed late';
    found.push({ path: [...path, 'healthCheck', 'timeout'], message });
  }
  for (const [index, { url }] of pool.backends.entries()) {
    const backend = parseBackendUrl(url);
    if (backend === undefined || !config.listeners.some(({ bind }) => isSame(backend, bind)))
      continue;
    const message = 'this backend is a listener of this balancer: requests go round in circles';
    // Leads to the whole entry where the backend is written as a string.
    found.push({ path: [...path, 'backends', index, 'url'], message });
  }
  return found;
}

function takesFrom(action: RouteAction, pool: string): boolean {
  if (action.kind === 'split') return action.pools.some((part) => part.pool === pool);
  return action.kind === 'pool' && action.pool === pool;
}

function tlsWarnings(name: string, pool: PoolConfig, root: Located): Warning[] {
  const path: Path = ['pools', name, 'tls'];
  const given = at(root, ...path);
  if (given?.kind !== 'map' || given.entries.size === 0) return [];
  if (!pool.backends.some(({ url }) => parseBackendUrl(url)?.isTls === true))
    return [{ path, message: 'no backend of this pool has an https URL: this changes nothing' }];
  if (pool.tls.verify) return [];
  const message = `the certificates of pool ${name} are not verified: anybody on the way can read and change its traffic`;
  return [{ path: [...path, 'verify'], message }];
}

function hashWarnings(name: string, { policy }: PoolConfig, root: Located): Warning[] {
  if (policy === 'ring_hash' || policy === 'maglev') return [];
  return ['hashOn', 'hashBalanceFactor'].flatMap((key) => {
    const path: Path = ['pools', name, key];
    if (at(root, ...path) === undefined) return [];
    return [
      { path, message: `policy ${policy} has no use for it: it is for ring_hash and maglev` },
    ];
  });
}

/** True when a connection to the backend surely ends at the listener. */
function isSame(backend: BackendAddress, bind: string): boolean {
  const listener = parseBind(bind);
  if (listener === undefined) return false;
  if (listener.kind === 'unix' || backend.kind === 'unix') {
    return listener.kind === 'unix' && backend.kind === 'unix' && listener.path === backend.path;
  }
  if (listener.port === 0 || listener.port !== backend.port) return false;
  if (listener.host === backend.host) return true;
  const wildcard = ['', '0.0.0.0', '::'].includes(listener.host);
  return wildcard && isLoopback({ kind: 'tcp', host: backend.host, port: backend.port });
}

function unreachableRoutes(routes: readonly RouteConfig[]): Warning[] {
  const open = routes.findIndex(({ match }) =>
    [
      match.hosts,
      match.paths,
      match.methods,
      Object.keys(match.headers),
      Object.keys(match.query),
    ].every((conditions) => conditions.length === 0),
  );
  if (open === -1) return [];
  return routes.flatMap(({ match }, index): Warning[] => {
    // A route without methods leaves TRACE to the routes that name it.
    if (index <= open || match.methods.includes('TRACE')) return [];
    const message = `no request gets here: routes[${open}] matches every request`;
    return [{ path: ['routes', index], message }];
  });
}
