/** What is different between two configurations, one line each: what a reload would change, or has changed. */
import type { ConfigFiles } from '../model/backend-tls.ts';
import type {
  BackendConfig,
  Config,
  ListenerConfig,
  RouteAction,
  RouteConfig,
} from './schema/root.ts';
import { root as schema } from './schema/root.ts';
import { facetAt, inUnit } from './schema/shape.ts';

/** One change. */
export interface ConfigChange {
  /** `log.level`, `pools.api.backends[web-2].weight`: entries of lists that have names go by them. */
  readonly path: string;
  /** `pool api: backend web-2 weight 1 -> 2`. Never a secret: tokens, headers and bodies are only said to be changed. */
  readonly text: string;
  /** A running instance cannot do it; the rest is applied. */
  readonly needsRestart: boolean;
}

/** The admin server keeps the place where lbctl and Prometheus find it. */
const NEEDS_RESTART: readonly string[] = ['admin.bind', 'admin.socket'];

/** Every difference, in the order of the sections of lb.yaml; empty when both say the same. */
export function diffConfig(before: Config, after: Config): ConfigChange[] {
  const {
    listeners: listenersBefore,
    routes: routesBefore,
    pools: poolsBefore,
    ...restBefore
  } = before;
  const { listeners, routes, pools, ...rest } = after;
  return [
    ...diffListeners(listenersBefore, listeners),
    ...diffRoutes(routesBefore, routes),
    ...diffPools(poolsBefore, pools),
    ...differences(restBefore, rest, []).map(({ keys, words }) => {
      const path = keys.join('.');
      return change(path, `${path}: ${words}`, NEEDS_RESTART.includes(path));
    }),
  ];
}

/** Files that both name and that hold something else now; never what they hold. */
export function diffFiles(before: ConfigFiles, after: ConfigFiles): ConfigChange[] {
  return [...after].flatMap(([path, content]) => {
    const was = before.get(path);
    if (was === undefined || was === content) return [];
    return [change(path, `file ${path}: other contents`)];
  });
}

function diffListeners(
  before: readonly ListenerConfig[],
  after: readonly ListenerConfig[],
): ConfigChange[] {
  return matched(before, after, ({ name }) => name).flatMap(({ name, was, now }) => {
    const path = `listeners[${name}]`;
    if (was === undefined)
      return [change(path, `listener ${name} added${name === now.bind ? '' : ` (${now.bind})`}`)];
    if (now === undefined) return [change(path, `listener ${name} removed`)];
    return differences(was, now, ['listeners', 0]).map(({ keys, words }) =>
      change(`${path}.${keys.join('.')}`, `listener ${name}: ${keys.join('.')} ${words}`),
    );
  });
}

function diffRoutes(before: readonly RouteConfig[], after: readonly RouteConfig[]): ConfigChange[] {
  const changes = matched(before, after, ({ name }) => name).flatMap(({ name, was, now }) => {
    const path = `routes[${name}]`;
    if (was === undefined) return [change(path, `route ${name} added`)];
    if (now === undefined) return [change(path, `route ${name} removed`)];
    const { action: actionBefore, ...restBefore } = was;
    const { action, ...rest } = now;
    const parts = differences(restBefore, rest, ['routes', 0]).map(({ keys, words }) =>
      change(`${path}.${keys.join('.')}`, `route ${name}: ${keys.join('.')} ${words}`),
    );
    return [...diffAction(path, name, actionBefore, action), ...parts];
  });
  if (sameOrder(before, after)) return changes;
  return [...changes, change('routes', 'routes: order changed')];
}

function diffAction(
  path: string,
  route: string,
  before: RouteAction,
  after: RouteAction,
): ConfigChange[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const at = `${path}.${after.kind}`;
  const [from, to] = [describeAction(before), describeAction(after)];
  if (before.kind !== after.kind) return [change(at, `route ${route}: ${from} -> ${to}`)];
  if (from === to) return [change(at, `route ${route}: ${after.kind} changed`)];
  return [change(at, `route ${route}: ${from} -> ${to.slice(after.kind.length + 1)}`)];
}

/** Without the body and headers of an answer, which may be long or secret. */
function describeAction(action: RouteAction): string {
  switch (action.kind) {
    case 'pool':
      return `pool ${action.pool}`;
    case 'split':
      return `split ${action.pools.map(({ pool, weight }) => `${pool} ${weight}`).join(', ')}`;
    case 'redirect':
      return `redirect ${action.status} ${action.to}`;
    case 'respond':
      return `respond ${action.status}`;
  }
}

function diffPools(before: Config['pools'], after: Config['pools']): ConfigChange[] {
  const pairs = matched(Object.entries(before), Object.entries(after), ([pool]) => pool);
  return pairs.flatMap(({ name: pool, was, now }) => {
    const path = `pools.${pool}`;
    if (was === undefined) {
      const { length } = now[1].backends;
      const count = length === 1 ? '1 backend' : `${length} backends`;
      return [change(path, `pool ${pool} added (${count})`)];
    }
    if (now === undefined) return [change(path, `pool ${pool} removed`)];
    const { backends: backendsBefore, ...restBefore } = was[1];
    const { backends, ...rest } = now[1];
    const parts = differences(restBefore, rest, ['pools', pool]).map(({ keys, words }) =>
      change(`${path}.${keys.join('.')}`, `pool ${pool}: ${keys.join('.')} ${words}`),
    );
    return [...parts, ...diffBackends(pool, backendsBefore, backends)];
  });
}

function diffBackends(
  pool: string,
  before: readonly BackendConfig[],
  after: readonly BackendConfig[],
): ConfigChange[] {
  const changes = matched(before, after, ({ name }) => name).flatMap(({ name, was, now }) => {
    const path = `pools.${pool}.backends[${name}]`;
    const subject = `pool ${pool}: backend ${name}`;
    if (was === undefined) return [change(path, `${subject} added (${now.url})`)];
    if (now === undefined) return [change(path, `${subject} removed`)];
    return differences(was, now, ['pools', pool, 'backends', 0]).map(({ keys, words }) =>
      change(`${path}.${keys.join('.')}`, `${subject} ${keys.join('.')} ${words}`),
    );
  });
  if (sameOrder(before, after)) return changes;
  return [...changes, change(`pools.${pool}.backends`, `pool ${pool}: order of backends changed`)];
}

function change(path: string, text: string, needsRestart = false): ConfigChange {
  return { path, text, needsRestart };
}

type Matched<T> = { readonly name: string } & (
  | { readonly was: T; readonly now: T }
  | { readonly was: T; readonly now: undefined }
  | { readonly was: undefined; readonly now: T }
);

/** Pairs entries by name: first those that went, then those that are there now, in their order. */
function matched<T>(
  before: readonly T[],
  after: readonly T[],
  nameOf: (entry: T) => string,
): Matched<T>[] {
  const old = new Map(before.map((entry) => [nameOf(entry), entry]));
  const names = new Set(after.map(nameOf));
  const gone = before.filter((entry) => !names.has(nameOf(entry)));
  return [
    ...gone.map((was): Matched<T> => ({ name: nameOf(was), was, now: undefined })),
    ...after.map((now): Matched<T> => {
      const name = nameOf(now);
      const was = old.get(name);
      return was === undefined ? { name, was: undefined, now } : { name, was, now };
    }),
  ];
}

/** True when what is in both stands in the same order; what came or went moves nobody. */
function sameOrder(
  before: readonly { readonly name: string }[],
  after: readonly { readonly name: string }[],
): boolean {
  const kept = (list: typeof before, other: typeof before): string => {
    const known = new Set(other.map(({ name }) => name));
    return JSON.stringify(list.map(({ name }) => name).filter((name) => known.has(name)));
  };
  return kept(before, after) === kept(after, before);
}

interface Difference {
  readonly keys: readonly string[];
  readonly words: string;
}

/** Compares plain values; `at` is where they stand in the schema, which knows their units. */
function differences(
  before: unknown,
  after: unknown,
  at: readonly (string | number)[],
  keys: readonly string[] = [],
): Difference[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (isMap(before) && isMap(after)) {
    const all = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return all.flatMap((key) => differences(before[key], after[key], [...at, key], [...keys, key]));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    return [{ keys, words: listWords(before.map(String), after.map(String)) }];
  }
  return [{ keys, words: scalarWords(before, after, at) }];
}

function listWords(before: readonly string[], after: readonly string[]): string {
  const words = [
    ...after.filter((item) => !before.includes(item)).map((item) => `${item} added`),
    ...before.filter((item) => !after.includes(item)).map((item) => `${item} removed`),
  ];
  return words.length === 0 ? 'order changed' : words.join(', ');
}

/** Secrets, URLs that may carry one, and texts that are long. */
const SECRET_KEYS: readonly unknown[] = ['token', 'secret', 'password', 'sentinelPassword', 'body'];

/** Values that may be secret (a token, a header that is set, a value that is matched) or long (a map) are not shown. */
function scalarWords(before: unknown, after: unknown, at: readonly (string | number)[]): string {
  const hidden =
    SECRET_KEYS.includes(at.at(-1)) ||
    at.includes('headers') ||
    at.includes('query') ||
    [before, after].some(isMap);
  if (before === undefined || before === null) {
    return hidden ? 'added' : `${shown(before, at)} -> ${shown(after, at)}`;
  }
  if (hidden) return after === undefined || after === null ? 'removed' : 'changed';
  return `${shown(before, at)} -> ${shown(after, at)}`;
}

function shown(value: unknown, at: readonly (string | number)[]): string {
  if (value === undefined || value === null) return 'none';
  if (value === '') return '""';
  const text = String(inUnit(facetAt(schema, at)?.unit, value));
  // A URL may carry a password.
  return text.replace(/:\/\/[^/?#@\s]*@/, '://[redacted]@');
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
