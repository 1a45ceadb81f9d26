/**
 * The rules that span sections: names exist and are unique, a route does exactly one thing, headers are not the
 * balancer's own. They look at the tree and not at the parsed values, so a mistake elsewhere in the file hides none here.
 */
import { NO_ROUTE } from '../metrics/catalog.ts';
import { parseBackendUrl } from '../net/backend-url.ts';
import { formatBind, isLoopback, isSamePort, parseBind } from '../net/bind-address.ts';
import { cacheName, cacheSizes, sharedCaches } from './cache-references.ts';
import { ownedHeader } from './owned-headers.ts';
import { accessPlaceholders, redirectPlaceholders } from './placeholders.ts';
import { hedgeRules } from './retry-references.ts';
import { limitNames, storeRules } from './shared-state-references.ts';
import { DEFAULT_ADMIN_BIND } from './schema/instance.ts';
import {
  type Located,
  type MapNode,
  type Path,
  type Problem,
  at,
  formatPath,
  indexes,
  keyProblem,
  keysOf,
  locate,
  problemAt,
  quoted,
  textOf,
} from './located.ts';
import { didYouMean } from './suggest.ts';

/** What a route may do; exactly one of them. */
const ROUTE_ACTIONS = ['pool', 'split', 'redirect', 'respond'] as const;

/** Every broken rule of a file; what the schema refuses by itself is not repeated. */
export function referenceProblems(root: Located): Problem[] {
  return [
    ...listenerRules(root),
    ...routeRules(root),
    ...backendRules(root),
    ...hedgeRules(root),
    ...headerRules(root),
    ...adminRules(root),
    ...storeRules(root),
    ...cacheSizes(root),
    ...sharedCaches(root),
    ...accessPlaceholders(root),
  ];
}

function listenerRules(root: Located): Problem[] {
  const binds = new Uses('bind');
  const names = new Uses('listener name');
  const problems: Problem[] = [];
  const admin = parseBind(textOf(at(root, 'admin', 'bind')) ?? DEFAULT_ADMIN_BIND);
  for (const index of indexes(root, 'listeners')) {
    const path: Path = ['listeners', index];
    const bind = at(root, ...path, 'bind');
    const text = textOf(bind);
    const address = text === undefined ? undefined : parseBind(text);
    const taken = address?.kind === 'tcp' && address.port === 0 ? undefined : address;
    if (taken !== undefined) binds.add(formatBind(taken), root, [...path, 'bind']);
    if (admin !== undefined && taken !== undefined && isSamePort(admin, taken)) {
      const message = `the port is taken by admin.bind, ${formatBind(admin)}`;
      problems.push(problemAt(root, [...path, 'bind'], message, 'give one of them another port'));
    }
    if (address?.kind === 'unix' && textOf(at(root, ...path, 'accept')) === 'reuseport') {
      const message = 'reuseport is for TCP: a unix socket has one queue';
      problems.push(problemAt(root, [...path, 'accept'], message, 'use shared or round-robin'));
    }
    const accept = textOf(at(root, ...path, 'accept')) ?? 'shared';
    if (address?.kind === 'fd' && accept !== 'shared') {
      const message = `${accept} needs sockets of its own: one that is handed over has one queue`;
      problems.push(problemAt(root, [...path, 'accept'], message, 'use shared'));
    }
    const given = textOf(at(root, ...path, 'name'));
    // A bind that is used twice was reported as such.
    if (given !== undefined) names.add(given, root, [...path, 'name']);
  }
  return [...binds.problems, ...problems, ...names.problems];
}

function routeRules(root: Located): Problem[] {
  const pools = at(root, 'pools');
  const known = keysOf(root, 'pools');
  const list = at(root, 'routes');
  const none = list === undefined || (list.kind === 'list' && list.items.length === 0);
  if (none) return known.length === 1 ? [] : missingRoutes(root, pools, known);
  const names = new Uses('route name');
  const problems: Problem[] = [];
  for (const index of indexes(root, 'routes')) {
    const path: Path = ['routes', index];
    const route = at(root, ...path);
    if (route?.kind !== 'map') continue;
    const name = textOf(at(root, ...path, 'name'));
    names.add(name ?? `route-${index}`, root, name === undefined ? path : [...path, 'name']);
    if (name === NO_ROUTE) {
      const message = `the name "${NO_ROUTE}" is reserved for requests that match no route`;
      problems.push(problemAt(root, [...path, 'name'], message));
    }
    problems.push(...oneAction(root, route, path, known));
    if (pools === undefined || pools.kind === 'map') problems.push(...poolNames(root, path, known));
    problems.push(...splitRules(root, [...path, 'split']), ...redirectPlaceholders(root, path));
    problems.push(...poolOnlyRules(root, path, route));
    problems.push(...limitNames(root, [...path, 'rateLimit']));
    problems.push(...cacheName(root, path, route));
  }
  return [...problems, ...names.problems];
}

function missingRoutes(root: Located, pools: Located | undefined, known: string[]): Problem[] {
  if (pools !== undefined && pools.kind !== 'map') return [];
  if (known.length === 0) {
    const message = 'no pools and no routes: nothing says where requests go';
    return [problemAt(root, ['pools'], message, 'give it "pools: { web: { backends: [...] } }"')];
  }
  const message = `${known.length} pools and no routes: nothing says which requests go where`;
  return [keyProblem(root, ['pools'], message, 'add "routes:", each with a match and a pool')];
}

function oneAction(root: Located, route: MapNode, path: Path, pools: string[]): Problem[] {
  const given = ROUTE_ACTIONS.filter((action) => route.entries.has(action));
  if (given.length === 0) {
    const [only] = pools.length === 1 ? pools : [];
    const hint = only === undefined ? null : `did you mean "pool: ${only}"?`;
    const message = 'missing what to do: exactly one of "pool", "split", "redirect" or "respond"';
    return [keyProblem(root, path, message, hint)];
  }
  return given.slice(1).map((action) => {
    const message = `a route has exactly one of "pool", "split", "redirect" and "respond", and "${given[0]}" is given`;
    return keyProblem(root, [...path, action], message);
  });
}

function poolNames(root: Located, route: Path, known: string[]): Problem[] {
  const splits = indexes(root, ...route, 'split').map((index): Path => [...route, 'split', index]);
  return [route, ...splits, [...route, 'mirror']].flatMap((parent): Problem[] => {
    const node = at(root, ...parent, 'pool');
    const name = textOf(node);
    if (name === undefined || known.includes(name)) return [];
    const written = node?.kind === 'scalar' && node.origin === 'written';
    const message = written ? `no pool is named ${quoted(node)}` : 'no pool has this name';
    const others = known.length === 0 ? null : `the pools are ${known.slice(0, 8).join(', ')}`;
    const hint = written ? (didYouMean(name, known) ?? others) : others;
    return [problemAt(root, [...parent, 'pool'], message, hint)];
  });
}

function splitRules(root: Located, path: Path): Problem[] {
  const weights = indexes(root, ...path).map((index) => at(root, ...path, index, 'weight'));
  const zero = weights.every((node) => node?.kind === 'scalar' && node.value === 0);
  if (!zero || weights.length === 0) return [];
  return [keyProblem(root, path, 'at least one weight must be above 0')];
}

/** What is answered here has no copy, and is sent as it stands. */
function poolOnlyRules(root: Located, path: Path, { entries }: MapNode): Problem[] {
  const [answer] = ['redirect', 'respond'].filter((action) => entries.has(action));
  if (answer === undefined) return [];
  return Object.entries({ mirror: 'mirrored', compress: 'compressed' }).flatMap(([key, done]) => {
    const node = at(root, ...path, key);
    const isOn = node?.kind === 'map' || (node?.kind === 'scalar' && node.value === true);
    if (!isOn) return [];
    const message = `only what goes to a pool is ${done}, and this route has "${answer}"`;
    return [keyProblem(root, [...path, key], message, `take "${key}" away`)];
  });
}

function backendRules(root: Located): Problem[] {
  const pools = at(root, 'pools');
  if (pools?.kind !== 'map') return [];
  return [...pools.entries.keys()].flatMap((pool) => {
    const names = new Uses('backend name');
    for (const index of indexes(root, 'pools', pool, 'backends')) {
      const path: Path = ['pools', pool, 'backends', index];
      const node = at(root, ...path);
      const url = node?.kind === 'map' ? [...path, 'url'] : path;
      const name = textOf(at(root, ...path, 'name'));
      const address = parseBackendUrl(textOf(at(root, ...url)) ?? '');
      if (name !== undefined) names.add(name, root, [...path, 'name']);
      else if (address !== undefined) names.add(address.name, root, url);
    }
    const reserved = pool in {};
    const message = `${JSON.stringify(pool)} is reserved and cannot name a pool`;
    return reserved
      ? [...names.problems, keyProblem(root, ['pools', pool], message)]
      : names.problems;
  });
}

function headerRules(root: Located): Problem[] {
  const edits = indexes(root, 'routes').flatMap((index): Path[] => [
    ...['request', 'response'].flatMap((direction) =>
      ['set', 'add', 'remove'].map((edit): Path => ['routes', index, 'headers', direction, edit]),
    ),
    ['routes', index, 'respond', 'headers'],
  ]);
  const named = edits.flatMap((path): Problem[] => {
    const node = at(root, ...path);
    if (node?.kind === 'map') {
      return [...node.entries.keys()].flatMap((name) => {
        const reason = ownedHeader(name);
        return reason === undefined
          ? []
          : [keyProblem(root, [...path, name], refusal(JSON.stringify(name), reason))];
      });
    }
    return indexes(root, ...path).flatMap((index) => headerValue(root, [...path, index]));
  });
  return [...named, ...headerValue(root, ['requestId', 'header'])];
}

function headerValue(root: Located, path: Path): Problem[] {
  const node = at(root, ...path);
  const reason = ownedHeader(textOf(node) ?? '');
  if (reason === undefined) return [];
  return [problemAt(root, path, refusal(quoted(node, 'this header'), reason))];
}

function refusal(name: string, reason: string): string {
  return `${name} cannot be changed here: ${reason}`;
}

function adminRules(root: Located): Problem[] {
  const bind = textOf(at(root, 'admin', 'bind'));
  const address = bind === undefined ? undefined : parseBind(bind);
  const token = at(root, 'admin', 'token');
  const open =
    token === undefined ||
    (token.kind === 'scalar' && token.value === null && token.origin !== 'broken');
  if (address === undefined || isLoopback(address) || !open) return [];
  const message = 'other machines can reach this address: admin.token is required';
  const hint = 'add "token: ${LB_ADMIN_TOKEN}", or bind to 127.0.0.1';
  return [problemAt(root, ['admin', 'bind'], message, hint)];
}

/** Notices a name that is used again. */
class Uses {
  readonly problems: Problem[] = [];
  readonly #what: string;
  readonly #first = new Map<string, Path>();

  constructor(what: string) {
    this.#what = what;
  }

  add(name: string, root: Located, path: Path): void {
    const first = this.#first.get(name);
    if (first === undefined) {
      this.#first.set(name, path);
      return;
    }
    const { node } = locate(root, path);
    const written = node.kind !== 'scalar' || node.origin === 'written';
    const shown = written ? `${this.#what} ${JSON.stringify(name)}` : `this ${this.#what}`;
    const owner = first.slice(0, typeof first.at(-1) === 'number' ? first.length : -1);
    this.problems.push(problemAt(root, path, `${shown} is taken by ${formatPath(owner)}`));
  }
}
