/**
 * The routes in their order; the first that matches takes the request. They are indexed by host, then by path, so that the
 * cost of finding one does not grow with their number, but for those that share both or have expressions.
 *
 *     a.b.example    is looked up as   example   b.example   a.b.example   and among the routes of every host
 *
 * Measured in test/bench/micro/route-match.ts.
 */
import type { Matchable } from './route-match.ts';
import type { Candidate, Routable } from './route-table/candidate.ts';
import { EMPTY_HASH, hashBackwards, withCharacter } from './route-table/literal-hash.ts';
import { PathIndex } from './route-table/path-index.ts';
import type { Route } from './route.ts';

const DOT = 0x2e;

export class RouteTable<R extends Routable = Route> {
  /** In the order in which they are tried. */
  readonly routes: readonly R[];
  /** By the hash of their name. */
  readonly #hosts = new Map<number, PathIndex<R>>();
  readonly #everyHost = new PathIndex<R>();
  #longestHost = 0;

  constructor(routes: readonly R[]) {
    this.routes = routes;
    for (const [place, route] of routes.entries())
      for (const host of route.matches.hosts)
        for (const path of route.matches.paths) this.#add({ place, route, host, path });
  }

  /** Runs per request: no allocation, unless a route asks for a query. */
  find(request: Matchable): R | undefined {
    return this.#everyHost.find(request, this.#findHost(request))?.route;
  }

  /** Whether any route takes this method at all. */
  namesMethod(method: string): boolean {
    return this.routes.some((route) => route.matches.namesMethod(method));
  }

  #add(candidate: Candidate<R>): void {
    const { name } = candidate.host;
    this.#longestHost = Math.max(this.#longestHost, name.length);
    this.#pathsOf(name).add(candidate);
  }

  #pathsOf(host: string): PathIndex<R> {
    if (host === '') return this.#everyHost;
    const hash = hashBackwards(host);
    const known = this.#hosts.get(hash) ?? new PathIndex<R>();
    this.#hosts.set(hash, known);
    return known;
  }

  #findHost(request: Matchable): Candidate<R> | undefined {
    if (this.#longestHost === 0) return undefined;
    const { hostname } = request;
    const end = Math.max(0, hostname.length - this.#longestHost - 1);
    let found: Candidate<R> | undefined;
    let hash = EMPTY_HASH;
    for (let i = hostname.length - 1; i >= end; i--) {
      const code = hostname.charCodeAt(i);
      if (code === DOT) found = this.#lookUp(hash, request, found);
      hash = withCharacter(hash, code);
    }
    return end === 0 ? this.#lookUp(hash, request, found) : found;
  }

  #lookUp(
    hash: number,
    request: Matchable,
    best: Candidate<R> | undefined,
  ): Candidate<R> | undefined {
    return this.#hosts.get(hash)?.find(request, best) ?? best;
  }
}
