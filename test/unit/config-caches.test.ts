import { describe, expect, test } from '@jest/globals';
import { brief, configOf, errorsOf } from '../support/config-text.ts';

const withLines = (...lines: string[]): string =>
  ['listeners: [{ bind: ":8080" }]', 'pools: { web: { backends: ["http://a:1"] } }', ...lines].join(
    '\n',
  );

describe('caches', () => {
  test('have the defaults of the reference', () => {
    expect(configOf(withLines('caches: { default: {} }')).caches).toEqual({
      default: {
        maxSize: 64 * 1024 * 1024,
        maxObject: 1024 * 1024,
        shared: false,
        defaultTtl: 0,
        heuristicFreshness: 0,
        methods: ['GET', 'HEAD'],
        staleWhileRevalidate: 0,
        staleIfError: 0,
        collapse: true,
        addStatusHeader: true,
      },
    });
  });

  test('are named by routes, which have none by default', () => {
    const { routes } = configOf(
      withLines('caches: { c: {} }', 'routes: [{ pool: web, cache: c }, { pool: web }]'),
    );

    expect(routes.map(({ cache }) => cache)).toEqual(['c', null]);
  });

  test.each([
    [
      'caches: { pages: {} }\nroutes: [{ pool: web, cache: page }]',
      '4:30 routes[0].cache: no cache is named "page"',
      'did you mean "pages"?',
    ],
    [
      'routes: [{ pool: web, cache: c }]',
      '3:30 routes[0].cache: no cache is named "c"',
      'there is no "caches:" yet',
    ],
    [
      'caches: { c: {} }\nroutes: [{ respond: {}, cache: c }]',
      '4:25 routes[0].cache: only what comes from a pool is cached, and this route has "respond"',
      'take "cache" away',
    ],
    [
      'caches: { c: { maxSize: 512KiB } }',
      '3:25 caches.c.maxSize: maxObject is larger than maxSize: nothing so large could be kept',
      'raise maxSize, or lower maxObject',
    ],
    [
      'caches: { c: { maxObject: 1GiB } }',
      '3:27 caches.c.maxObject: maxObject is larger than maxSize: nothing so large could be kept',
      'raise maxSize, or lower maxObject',
    ],
    [
      'caches: { c: { shared: true } }',
      '3:24 caches.c.shared: a shared cache is kept in Redis, and "store.type" is memory',
      'set "store.type: redis" and store.url, or take "shared" away',
    ],
    [
      'caches: { c: { heuristicFreshness: 10 } }',
      '3:36 caches.c.heuristicFreshness: expected a number from 0 to 1',
      null,
    ],
    [
      'caches: { c: { methods: [POST] } }',
      '3:26 caches.c.methods[0]: expected "GET" or "HEAD"',
      null,
    ],
  ])('are refused when they are wrong: %s', (text, message, hint) => {
    const [error, ...others] = errorsOf(withLines(text));

    expect(error && [brief(error), error.hint]).toEqual([message, hint]);
    expect(others).toEqual([]);
  });
});
