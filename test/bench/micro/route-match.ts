/** Finding a request's route. */
import type { RouteConfig } from '@lb/shared/config/schema/root';
import { seededRandom } from '@lb/shared/time/clock';
import { type Matchable, RouteMatch } from '@lb/worker/internal/request/route-match';
import { RouteTable } from '@lb/worker/internal/request/route-table';
import type { Benchmark } from './benchmark.ts';

type Match = RouteConfig['match'];

const COUNTS = [1, 10, 100, 1_000];
const ANY: Match = { hosts: [], paths: [], methods: [], headers: {}, query: {} };

/** How routes differ, and the request of each. */
const KINDS: Readonly<
  Record<string, (i: number) => { match: Partial<Match>; hostname: string; matchPath: string }>
> = {
  'first segment': (i) => ({
    match: { paths: [`/service-${i}/*`] },
    hostname: 'www.example.com',
    matchPath: `/service-${i}/items/42`,
  }),
  'third segment': (i) => ({
    match: { paths: [`/api/v1/service-${i}/*`] },
    hostname: 'www.example.com',
    matchPath: `/api/v1/service-${i}/items/42`,
  }),
  'exact path': (i) => ({
    match: { paths: [`=/service-${i}`] },
    hostname: 'www.example.com',
    matchPath: `/service-${i}`,
  }),
  host: (i) => ({
    match: { hosts: [`service-${i}.example.com`] },
    hostname: `service-${i}.example.com`,
    matchPath: '/items/42',
  }),
  'wildcard host and path': (i) => ({
    match: { hosts: [`*.tenant-${i}.example.com`], paths: ['/items'] },
    hostname: `www.tenant-${i}.example.com`,
    matchPath: '/items/42',
  }),
};

/** A request for each of the routes in turn, in no order. */
function eachOf(kind: string, count: number): Benchmark {
  const random = seededRandom(1);
  const cases = Array.from({ length: count }, (_, i) => KINDS[kind]?.(i)).filter(
    (found) => found !== undefined,
  );
  const table = tableOf(cases.map(({ match }) => match));
  const order = cases.map((_, i) => i).sort(() => random() - 0.5);
  const wanted = order.map((i) => String(i));
  const requests = order.map((i) => requestOf(cases[i]?.hostname, cases[i]?.matchPath));
  return {
    name: `find route by ${kind}, each of ${count}`,
    run(times) {
      let next = 0;
      for (let i = 0; i < times; i++) {
        const request = requests[next];
        if (request === undefined || table.find(request)?.name !== wanted[next])
          throw new Error('another route matched');
        next = next + 1 === count ? 0 : next + 1;
      }
    },
  };
}

/** One route that takes every request: the smallest file. */
function catchAll(): Benchmark {
  const table = tableOf([{}]);
  const request = requestOf('www.example.com', '/service/items/42');
  return {
    name: 'find route, one that takes everything',
    run(times) {
      for (let i = 0; i < times; i++)
        if (table.find(request) === undefined) throw new Error('no route matched');
    },
  };
}

function tableOf(matches: readonly Partial<Match>[]): RouteTable<Named> {
  return new RouteTable(
    matches.map((match, i) => ({
      name: String(i),
      matches: new RouteMatch({ ...ANY, ...match }),
    })),
  );
}

interface Named {
  readonly name: string;
  readonly matches: RouteMatch;
}

function requestOf(hostname = '', matchPath = ''): Matchable {
  return {
    method: 'GET',
    hostname: asRead(hostname),
    matchPath: asRead(matchPath),
    search: '',
    header: () => undefined,
  };
}

/** One flat string, as what comes from a socket is. */
function asRead(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

export const routeMatch: readonly Benchmark[] = [
  catchAll(),
  ...Object.keys(KINDS).flatMap((kind) => COUNTS.map((count) => eachOf(kind, count))),
];
