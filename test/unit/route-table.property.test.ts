/** The table against what the configuration reference says of a match, asked route by route. */
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type Match, placeFound, type RequestSays } from '../support/route-match.ts';

const SEED = 20_261_122;

/** Few words, so that rules and requests meet. */
const label = fc.constantFrom('a', 'b', 'ab', 'test');
const segment = fc.constantFrom('a', 'b', 'ab', 'a%2Fb', '');
const value = fc.constantFrom('1', '2', '12');
const method = fc.constantFrom('GET', 'POST', 'TRACE', 'CONNECT');

const hostname = fc.array(label, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));
const path = fc
  .array(segment, { maxLength: 5 })
  .map((parts) => `/${parts.join('/')}`.replace(/\/+/g, '/'));

const hostPattern = fc.oneof(
  hostname,
  hostname.map((name) => `*.${name.toUpperCase()}`),
  fc.constant('*'),
);
const pathPattern = fc.oneof(
  path,
  path.map((text) => `${text.replace(/\/$/, '')}/*`),
  path.map((text) => `=${text}`),
  fc.constantFrom('~^/a', '~b$', '~/ab/'),
);
/** Nothing said more often than not. */
const mostlyNone = <T>(some: fc.Arbitrary<T[]>): fc.Arbitrary<T[]> =>
  fc.oneof({ arbitrary: fc.constant<T[]>([]), weight: 2 }, { arbitrary: some, weight: 1 });
const wanted = fc.oneof(value, fc.constantFrom('~^1', '~2$'));
const conditions = (names: readonly string[]): fc.Arbitrary<Record<string, string>> =>
  fc.oneof(
    { arbitrary: fc.constant({}), weight: 4 },
    { arbitrary: fc.dictionary(fc.constantFrom(...names), wanted, { maxKeys: 2 }), weight: 1 },
  );

const matches: fc.Arbitrary<Match[]> = fc.array(
  fc.record({
    hosts: mostlyNone(fc.array(hostPattern, { maxLength: 3 })),
    paths: fc.array(pathPattern, { maxLength: 3 }),
    methods: mostlyNone(fc.array<string>(method, { maxLength: 2 })),
    headers: conditions(['X-A', 'x-b']),
    query: conditions(['a', 'b']),
  }),
  { maxLength: 30 },
);
const request: fc.Arbitrary<RequestSays> = fc.record({
  method,
  hostname,
  matchPath: path,
  search: fc.constantFrom('', '?', '?a=1', '?a=1&a=2', '?b=%31&a=12'),
  headers: fc.dictionary(fc.constantFrom('x-a', 'x-b'), value),
});

test('finds what going through all routes in their order finds', () => {
  fc.assert(
    fc.property(matches, fc.array(request, { minLength: 5, maxLength: 5 }), (routes, requests) => {
      for (const says of requests) {
        const place = routes.findIndex((match) => takes(match, says));
        expect(placeFound(routes, says)).toBe(place < 0 ? undefined : place);
      }
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});

function takes({ hosts, paths, methods, headers, query }: Match, says: RequestSays): boolean {
  const parameters = new URLSearchParams(says.search);
  return (
    (methods.length === 0
      ? !['TRACE', 'CONNECT'].includes(says.method)
      : methods.includes(says.method)) &&
    (hosts.length === 0 || hosts.some((host) => takesHost(host.toLowerCase(), says.hostname))) &&
    (paths.length === 0 || paths.some((rule) => takesPath(rule, says.matchPath))) &&
    Object.entries(headers).every(([name, rule]) => {
      const found = says.headers[name.toLowerCase()];
      return found !== undefined && takesValue(rule, found);
    }) &&
    Object.entries(query).every(([name, rule]) =>
      parameters.getAll(name).some((found) => takesValue(rule, found)),
    )
  );
}

function takesHost(host: string, asked: string): boolean {
  const [first, ...above] = host.split('.');
  if (first !== '*') return asked === host;
  const labels = asked.split('.');
  return (
    labels.length > above.length && above.every((text, i) => text === labels.at(i - above.length))
  );
}

function takesPath(rule: string, asked: string): boolean {
  if (rule.startsWith('~')) return new RegExp(rule.slice(1)).test(asked);
  if (rule.startsWith('=')) return asked === rule.slice(1);
  const wantedSegments = rule.split('/').filter((text) => text !== '' && text !== '*');
  const segments = asked.split('/').slice(1);
  return wantedSegments.every((text, i) => text === segments[i]);
}

function takesValue(rule: string, found: string): boolean {
  return rule.startsWith('~') ? new RegExp(rule.slice(1)).test(found) : found === rule;
}
