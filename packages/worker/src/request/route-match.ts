/** `routes.*.match`, compiled when a snapshot arrives. */
import type { RouteConfig } from '@lb/shared/config/schema/root';
import type { Pattern } from '@lb/shared/net/pattern';
import { checkedPattern } from './route-match/checked-pattern.ts';
import { HostRule } from './route-match/host-rule.ts';
import { PathRule } from './route-match/path-rule.ts';

/** What a rule can look at. */
export interface Matchable {
  readonly method: string;
  /** Lower case, without port. */
  readonly hostname: string;
  /** Path as rules see it (Target.matchPath). */
  readonly matchPath: string;
  /** With its `?`, or ''. */
  readonly search: string;
  /** All lines of a field, joined by `, `; undefined when there is none. @param lowerName in lower case */
  header(lowerName: string): string | undefined;
}

/** A route takes a request when one of its hosts and one of its paths do, and `meets` holds. */
export class RouteMatch {
  /** Never empty. */
  readonly hosts: readonly HostRule[];
  /** Never empty. */
  readonly paths: readonly PathRule[];
  readonly #methods: ReadonlySet<string> | undefined;
  readonly #headers: readonly Condition[];
  readonly #query: readonly Condition[];

  /** @param match of a checked configuration */
  constructor(match: RouteConfig['match']) {
    this.hosts = orEvery(match.hosts, '*').map((pattern) => new HostRule(pattern));
    this.paths = orEvery(match.paths, '/').map((pattern) => new PathRule(pattern));
    this.#methods = match.methods.length === 0 ? undefined : new Set(match.methods);
    this.#headers = Object.entries(match.headers).map(([name, wanted]) =>
      condition(name.toLowerCase(), wanted),
    );
    this.#query = Object.entries(match.query).map(([name, wanted]) => condition(name, wanted));
  }

  /** Everything but host and path. */
  meets(request: Matchable): boolean {
    if (!this.namesMethod(request.method)) return false;
    for (const { name, test } of this.#headers) {
      const value = request.header(name);
      if (value === undefined || !test(value)) return false;
    }
    return this.#query.length === 0 || this.#meetsQuery(request.search);
  }

  /** Why it does not take the request; undefined when it does. For people: the request path asks `meets`. */
  whyNot(request: Matchable): string | undefined {
    const { hostname, matchPath, method, search } = request;
    if (!this.hosts.some((rule) => rule.takes(hostname)))
      return `host ${hostname || '(none)'} is not in its hosts`;
    if (!this.paths.some((rule) => rule.takes(matchPath)))
      return `path ${matchPath} is not in its paths`;
    if (!this.namesMethod(method)) return `method ${method} is not in its methods`;
    for (const { name, test } of this.#headers) {
      const value = request.header(name);
      if (value === undefined) return `header ${name} is missing`;
      if (!test(value)) return `header ${name} is another one`;
    }
    return this.#query.length === 0 || this.#meetsQuery(search)
      ? undefined
      : 'the query is another one';
  }

  /** The method alone: tells 404 from 405 for TRACE and CONNECT, which a route must name. */
  namesMethod(method: string): boolean {
    // TRACE reflects credentials, CONNECT opens tunnels.
    if (this.#methods === undefined) return method !== 'TRACE' && method !== 'CONNECT';
    return this.#methods.has(method);
  }

  #meetsQuery(search: string): boolean {
    if (search === '') return false;
    const parameters = new URLSearchParams(search);
    return this.#query.every(({ name, test }) => parameters.getAll(name).some(test));
  }
}

interface Condition {
  readonly name: string;
  readonly test: Pattern;
}

function condition(name: string, wanted: string): Condition {
  return {
    name,
    test: wanted.startsWith('~')
      ? checkedPattern(wanted.slice(1))
      : (value: string) => value === wanted,
  };
}

function orEvery(patterns: readonly string[], every: string): readonly string[] {
  return patterns.length === 0 ? [every] : patterns;
}
