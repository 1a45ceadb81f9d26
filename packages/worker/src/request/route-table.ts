/** The routes in their order; the first that matches takes the request. */
import type { Matchable } from './route-match.ts';
import type { Route } from './route.ts';

export class RouteTable {
  readonly #routes: readonly Route[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes;
  }

  find(request: Matchable): Route | undefined {
    return this.#routes.find((route) => route.matches.test(request));
  }

  /** Whether any route takes this method at all. */
  namesMethod(method: string): boolean {
    return this.#routes.some((route) => route.matches.namesMethod(method));
  }
}
