import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseTarget, toMatchPath } from '@lb/worker/internal/request/path';

/** Paths made of what paths are attacked with. */
const attackedPath = fc
  .array(
    fc.constantFrom(
      ...'/ / // . .. %2e %2E %2f %2F %5c %5C %41 %00 % %2 %252e a admin ; \\ # %7e ~ é %c3%a9 ?'.split(
        ' ',
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => `/${parts.join('')}`);

const anyPath = fc.oneof(
  attackedPath,
  fc.string({ unit: 'binary-ascii' }).map((text) => `/${text}`),
);

describe('a normalised path', () => {
  test('is the same when it is normalised again', () => {
    fc.assert(
      fc.property(anyPath, (raw) => {
        const once = parseTarget(raw);
        if (once === undefined) return;
        expect(parseTarget(once.path + once.search)).toEqual(once);
      }),
      { numRuns: 2_000 },
    );
  });

  test('never has a dot segment, however a backend decodes its separators', () => {
    fc.assert(
      fc.property(anyPath, (raw) => {
        const target = parseTarget(raw);
        if (target === undefined) return;
        const decoded = target.path.replace(/%2e/gi, '.').split(/\/|\\|%2f|%5c/i);
        expect(decoded).not.toContain('.');
        expect(decoded).not.toContain('..');
      }),
      { numRuns: 2_000 },
    );
  });

  test('never escapes what needs no escape, and never has a broken escape or NUL', () => {
    fc.assert(
      fc.property(anyPath, (raw) => {
        const target = parseTarget(raw);
        if (target === undefined) return;
        expect(target.path.replace(/%[\da-f]{2}/gi, '')).not.toContain('%');
        for (const escape of target.path.match(/%../g) ?? []) {
          const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
          expect(character).not.toMatch(/[A-Za-z0-9\-._~\0]/);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('has no empty segment and no lower-case escape where rules look at it', () => {
    fc.assert(
      fc.property(anyPath, (raw) => {
        const target = parseTarget(raw);
        if (target === undefined) return;
        expect(target.matchPath).not.toContain('//');
        expect(target.matchPath).not.toMatch(/%([a-f].|.[a-f])/);
        expect(target.matchPath).toBe(toMatchPath(target.path));
      }),
      { numRuns: 2_000 },
    );
  });

  test('keeps the query as it came', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!$-~]*$/), (query) => {
        expect(parseTarget(`/a/../b?${query}`)).toEqual({
          path: '/b',
          matchPath: '/b',
          search: `?${query}`,
        });
      }),
    );
  });
});

test.each([
  ['/', '/', '/'],
  ['/a/b', '/a/b', '/a/b'],
  ['//a//b//', '//a//b//', '/a/b/'],
  ['/a/./b/.', '/a/b/', '/a/b/'],
  ['/a/b/..', '/a/', '/a/'],
  ['/a//../b', '/a/b', '/a/b'],
  ['/%41%7E%2d', '/A~-', '/A~-'],
  ['/a%2fb', '/a%2fb', '/a%2Fb'],
  ['/%e9', '/%e9', '/%E9'],
])('reads %s as %s, which rules see as %s', (raw, path, matchPath) => {
  expect(parseTarget(raw)).toEqual({ path, matchPath, search: '' });
});

test.each([
  '',
  'a',
  '*',
  '/..',
  '/a/../..',
  '/%00',
  '/%2',
  '/\\',
  '/..%2f',
  '/%2e%2e%5c',
  '/a b',
  '/#',
])('refuses %j', (raw) => {
  expect(parseTarget(raw)).toBeUndefined();
});
