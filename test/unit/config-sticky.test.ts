/** `pools.*.sticky`: what may be written, and what its mistakes are told. */
import { describe, expect, test } from '@jest/globals';
import { diffConfig } from '@lb/shared/config/diff';
import { configOf, errorsOf } from '../support/config-text.ts';

const fileWith = (sticky: string): string =>
  `listeners: [{ bind: ":8080" }]\npools: { web: { backends: [http://a], sticky: ${sticky} } }\n`;

const stickyOf = (text: string): unknown => configOf(fileWith(text)).pools['web']?.sticky;

describe('a pool is sticky', () => {
  test('by a cookie of the balancer, with the defaults of its fields', () => {
    expect(stickyOf('{ mode: cookie }')).toEqual({
      mode: 'cookie',
      cookie: null,
      ttl: 3_600_000,
      secure: 'auto',
      sameSite: 'lax',
      domain: null,
      path: '/',
    });
  });

  test.each(['cookie:SESSIONID', 'header:X-User', 'client_ip'])('by a table of %s', (key) => {
    expect(stickyOf(`{ mode: table, key: "${key}" }`)).toEqual({
      mode: 'table',
      key,
      ttl: 3_600_000,
    });
  });

  test('by what a backend sets', () => {
    expect(stickyOf('{ mode: learn, cookie: JSESSIONID, ttl: 5m }')).toEqual({
      mode: 'learn',
      cookie: 'JSESSIONID',
      ttl: 300_000,
    });
  });

  test('not at all, by default', () => {
    expect(stickyOf('null')).toBeNull();
  });

  test.each(['{ mode: cookie, ttl: 0s }', '{ mode: cookie, cookie: __Host-lb, secure: true }'])(
    'as %s',
    (text) => {
      expect(errorsOf(fileWith(text))).toEqual([]);
    },
  );
});

describe('a mistake is told what to write', () => {
  test.each([
    ['cookie', 'expected "key: value" lines, found text', 'write { mode: cookie }'],
    [
      '"mode:cookie"',
      'expected "key: value" lines, found text',
      'a space is missing after "mode:"',
    ],
    ['[]', 'expected "key: value" lines, found a list', 'write "key: value" lines without "- "'],
    ['{ mode: tabel }', 'expected "cookie", "table" or "learn"', 'did you mean "table"?'],
    ['{ key: client_ip }', 'missing key "mode"', null],
    ['{ mode: learn }', 'missing key "cookie"', null],
    [
      '{ mode: cookie, key: client_ip }',
      '"key" does not go with "mode: cookie"',
      'it goes with "mode: table"',
    ],
    [
      '{ mode: table, key: client_ip, cookie: A }',
      '"cookie" does not go with "mode: table"',
      'it goes with "mode: cookie or learn"',
    ],
    ['{ mode: table, kye: client_ip }', 'unknown key "kye"', 'did you mean "key"?'],
    ['{ mode: table, key: path }', 'expected cookie:NAME, header:NAME or client_ip', null],
    ['{ mode: table, key: client_ip, ttl: 0s }', 'expected a duration above zero', null],
    [
      '{ mode: cookie, cookie: "a b" }',
      'expected a cookie name: letters, digits, "-" and "_", no spaces',
      null,
    ],
    [
      '{ mode: cookie, sameSite: Lax }',
      'expected "lax", "strict" or "none"',
      'did you mean "lax"?',
    ],
    ['{ mode: cookie, domain: 127.0.0.1 }', 'expected a domain such as "example.com"', null],
    ['{ mode: cookie, path: "/a;b" }', 'expected a path such as "/", without ";"', null],
    [
      '{ mode: cookie, sameSite: none, secure: false }',
      'browsers refuse a cookie of sameSite "none" that is not secure',
      null,
    ],
    [
      '{ mode: cookie, cookie: __Secure-lb }',
      'a cookie named __Secure-... needs "secure: true"',
      null,
    ],
    [
      '{ mode: cookie, cookie: __Host-lb, secure: true, domain: a.com }',
      'a cookie named __Host-... has no domain',
      null,
    ],
    [
      '{ mode: cookie, cookie: __host-lb, secure: true, path: /a }',
      'a cookie named __host-... has the path "/"',
      null,
    ],
  ])('%s', (text, message, hint) => {
    expect(errorsOf(fileWith(text)).map((error) => [error.message, error.hint])).toEqual([
      [message, hint],
    ]);
  });
});

describe('a reload says', () => {
  const changesOf = (before: string, after: string): string[] =>
    diffConfig(configOf(fileWith(before)), configOf(fileWith(after))).map(({ text }) => text);

  test('that a pool became sticky, or is not any more', () => {
    expect(changesOf('null', '{ mode: cookie }')).toEqual(['pool web: sticky added']);
    expect(changesOf('{ mode: cookie }', 'null')).toEqual(['pool web: sticky removed']);
  });

  test('what is different within', () => {
    const table = '{ mode: table, key: client_ip }';

    expect(changesOf(table, '{ mode: table, key: client_ip, ttl: 5m }')).toEqual([
      'pool web: sticky.ttl 1h -> 5m',
    ]);
  });
});
