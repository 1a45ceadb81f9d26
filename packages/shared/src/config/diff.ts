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
  readonly subject: ChangeSubject;
}

/** What a change is about. */
export type ChangeSubject = {
  readonly how: 'added' | 'removed' | 'changed';
  /** What of it changed: `healthCheck.interval`; '' for the whole. A setting is all key. */
  readonly key: string;
} & (
  | { readonly kind: 'listener' | 'route' | 'pool' | 'file'; readonly name: string }
  | { readonly kind: 'backend'; readonly name: string; readonly pool: string }
  | { readonly kind: 'setting' }
);

/** The admin server, the logger and what is kept over a restart are built once, from what the file said at the start. */
const NEEDS_RESTART: readonly string[] = [
  'admin.bind',
  'admin.dashboard',
  'admin.socket',
  'admin.token',
  'log.format',
  'stateDir',
];

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
      const needsRestart = NEEDS_RESTART.includes(path);
      const subject = { kind: 'setting', how: 'changed', key: path } as const;
      return { path, text: `${path}: ${words}`, needsRestart, subject };
    }),
  ];
}

/** Files that both name and that hold something else now; never what they hold. */
export function diffFiles(before: ConfigFiles, after: ConfigFiles): ConfigChange[] {
  return [...after].flatMap(([path, content]) => {
    const was = before.get(path);
    if (was === undefined || was === content) return [];
    const file = new Subject({ kind: 'file', name: path }, path, `file ${path}`);
    return [file.changed('', 'other contents')];
  });
}

function diffListeners(
  before: readonly ListenerConfig[],
  after: readonly ListenerConfig[],
): ConfigChange[] {
  return matched(before, after, ({ name }) => name).flatMap(({ name, was, now }) => {
    const listener = new Subject(
      { kind: 'listener', name },
      `listeners[${name}]`,
      `listener ${name}`,
    );
    if (was === undefined) return [listener.added(name === now.bind ? '' : ` (${now.bind})`)];
    if (now === undefined) return [listener.removed()];
    return listener.all(differences(was, now, ['listeners', 0]));
  });
}

function diffRoutes(before: readonly RouteConfig[], after: readonly RouteConfig[]): ConfigChange[] {
  const changes = matched(before, after, ({ name }) => name).flatMap(({ name, was, now }) => {
    const route = new Subject({ kind: 'route', name }, `routes[${name}]`, `route ${name}`);
    if (was === undefined) return [route.added()];
    if (now === undefined) return [route.removed()];
    const { action: actionBefore, ...restBefore } = was;
    const { action, ...rest } = now;
    const parts = route.all(differences(restBefore, rest, ['routes', 0]));
    return [...diffAction(route, actionBefore, action), ...parts];
  });
  if (sameOrder(before, after)) return changes;
  const routes = new Subject({ kind: 'route', name: '' }, 'routes', 'routes');
  return [...changes, routes.changed('', 'order changed')];
}

function diffAction(route: Subject, before: RouteAction, after: RouteAction): ConfigChange[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const { kind } = after;
  const [from, to] = [describeAction(before), describeAction(after)];
  if (before.kind !== kind) return [route.changed(kind, `${from} -> ${to}`)];
  if (from === to) return [route.changed(kind, `${kind} changed`)];
  return [route.changed(kind, `${from} -> ${to.slice(kind.length + 1)}`)];
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
  return pairs.flatMap(({ name, was, now }) => {
    const pool = new Subject({ kind: 'pool', name }, `pools.${name}`, `pool ${name}`);
    if (was === undefined) {
      const { length } = now[1].backends;
      return [pool.added(` (${length === 1 ? '1 backend' : `${length} backends`})`)];
    }
    if (now === undefined) return [pool.removed()];
    const { backends: backendsBefore, ...restBefore } = was[1];
    const { backends, ...rest } = now[1];
    const parts = pool.all(differences(restBefore, rest, ['pools', name]));
    const moved = sameOrder(backendsBefore, backends)
      ? []
      : [pool.changed('backends', 'order of backends changed')];
    return [...parts, ...diffBackends(name, backendsBefore, backends), ...moved];
  });
}

function diffBackends(
  pool: string,
  before: readonly BackendConfig[],
  after: readonly BackendConfig[],
): ConfigChange[] {
  return matched(before, after, ({ name }) => name).flatMap(({ name, was, now }) => {
    const backend = new Subject(
      { kind: 'backend', name, pool },
      `pools.${pool}.backends[${name}]`,
      `pool ${pool}: backend ${name}`,
      ' ',
    );
    if (was === undefined) return [backend.added(` (${now.url})`)];
    if (now === undefined) return [backend.removed()];
    return backend.all(differences(was, now, ['pools', pool, 'backends', 0]));
  });
}

/** Something that has a name, and the changes of it: where it is, and how sentences call it. */
class Subject {
  readonly #about: Named;
  readonly #path: string;
  readonly #words: string;
  /** Between its name and what of it changed. */
  readonly #colon: string;

  constructor(about: Named, path: string, words: string, colon = ': ') {
    this.#about = about;
    this.#path = path;
    this.#words = words;
    this.#colon = colon;
  }

  /** @param facts in brackets, after a space */
  added(facts = ''): ConfigChange {
    return this.#change('added', '', `${this.#words} added${facts}`);
  }

  removed(): ConfigChange {
    return this.#change('removed', '', `${this.#words} removed`);
  }

  changed(key: string, words: string): ConfigChange {
    return this.#change('changed', key, `${this.#words}${this.#colon}${words}`);
  }

  all(found: readonly Difference[]): ConfigChange[] {
    return found.map(({ keys, words }) => {
      const key = keys.join('.');
      return this.changed(key, `${key} ${words}`);
    });
  }

  #change(how: ChangeSubject['how'], key: string, text: string): ConfigChange {
    const path = key === '' ? this.#path : `${this.#path}.${key}`;
    return { path, text, needsRestart: false, subject: { ...this.#about, how, key } };
  }
}

type Named =
  | { readonly kind: 'listener' | 'route' | 'pool' | 'file'; readonly name: string }
  | { readonly kind: 'backend'; readonly name: string; readonly pool: string };

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
