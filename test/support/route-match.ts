/** Routes that are nothing but a name and a match, and requests that are nothing but what a match looks at. */
import type { RouteConfig } from '@lb/shared/config/schema/root';
import { type Matchable, RouteMatch } from '@lb/worker/internal/request/route-match';
import { RouteTable } from '@lb/worker/internal/request/route-table';

export type Match = RouteConfig['match'];

/** A request's fields by name in lower case. */
export interface RequestSays extends Omit<Matchable, 'header'> {
  readonly headers: Readonly<Record<string, string>>;
}

/** The place of the route that takes the request, among routes with these matches; undefined when none does. */
export function placeFound(
  matches: readonly Partial<Match>[],
  request: Partial<RequestSays>,
): number | undefined {
  return tableOf(matches).find(asMatchable(request))?.place;
}

/** What a match does not say is open. */
export function tableOf(
  matches: readonly Partial<Match>[],
): RouteTable<{ readonly place: number; readonly matches: RouteMatch }> {
  const open: Match = { hosts: [], paths: [], methods: [], headers: {}, query: {} };
  return new RouteTable(
    matches.map((match, place) => ({ place, matches: new RouteMatch({ ...open, ...match }) })),
  );
}

function asMatchable({ headers = {}, ...rest }: Partial<RequestSays>): Matchable {
  return {
    method: 'GET',
    hostname: 'lb.test',
    matchPath: '/',
    search: '',
    ...rest,
    header: (lowerName) => headers[lowerName],
  };
}
