/** A route by one of its hosts and one of its paths: what the indexes hold. */
import type { Matchable, RouteMatch } from '../route-match.ts';
import type { HostRule } from '../route-match/host-rule.ts';
import type { PathRule } from '../route-match/path-rule.ts';

/** What the table needs of a route. */
export interface Routable {
  readonly matches: RouteMatch;
}

export interface Candidate<R extends Routable> {
  /** Of its route in the configuration. */
  readonly place: number;
  readonly route: R;
  readonly host: HostRule;
  readonly path: PathRule;
}

/**
 * The first that takes the request, if it stands before `best`; else `best`.
 * @param candidates by ascending place
 */
export function earlier<R extends Routable>(
  candidates: readonly Candidate<R>[],
  request: Matchable,
  best: Candidate<R> | undefined,
): Candidate<R> | undefined {
  for (const candidate of candidates) {
    if (best !== undefined && candidate.place >= best.place) return best;
    if (takes(candidate, request)) return candidate;
  }
  return best;
}

function takes({ host, path, route }: Candidate<Routable>, request: Matchable): boolean {
  return (
    host.takes(request.hostname) && path.takes(request.matchPath) && route.matches.meets(request)
  );
}
