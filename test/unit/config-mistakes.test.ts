import { describe, expect, test } from '@jest/globals';
import { brief, errorsOf } from '../support/config-text.ts';

describe('mistakes', () => {
  test('are all reported at once, each with its line and column', () => {
    const errors = errorsOf(`listeners:
  - bind: 8080
    limits: { headerTimeout: 5 }
routes:
  - pool: wbe
    match: { hosts: api.example.com }
pools:
  web:
    policy: p2cc
    discovery: null
    backends:
      - url: http://127.0.0.1:9001
        wieght: 2
      - 127.0.0.1:9002
    healthCheck: { intervall: 5s }
log:
  access: { enabled: yes }
workers: \${WORKERS}
`);

    expect(errors.map(brief)).toEqual([
      '2:11 listeners[0].bind: expected host:port, [v6]:port, unix:/path.sock or fd:NAME, found a number',
      '3:30 listeners[0].limits.headerTimeout: expected a duration such as "250ms", "5s", "2m" or "1h", found a number',
      '5:11 routes[0].pool: no pool is named "wbe"',
      '6:21 routes[0].match.hosts: expected a list, found text',
      '9:13 pools.web.policy: expected "p2c", "round_robin", "weighted_round_robin", "least_connections", "random", "ewma", "ip_hash", "ring_hash" or "maglev"',
      '10:5 pools.web: "discovery" is not supported yet',
      '13:9 pools.web.backends[0]: unknown key "wieght"',
      '14:9 pools.web.backends[1]: expected http://host:port, https://host:port or unix:/path.sock',
      '15:20 pools.web.healthCheck: unknown key "intervall"',
      '17:22 log.access.enabled: expected true or false, found text',
      '18:10 workers: environment variable WORKERS is not set',
    ]);
    expect(errors.map(({ hint }) => hint)).toEqual([
      'did you mean ":8080"?',
      'write 5s',
      'did you mean "web"?',
      'write ["api.example.com"]',
      'did you mean "p2c"?',
      null,
      'did you mean "weight"?',
      'did you mean "http://127.0.0.1:9002"?',
      'did you mean "interval"?',
      'write true',
      'set it, or give a default: ${WORKERS:-...}',
    ]);
    expect(errors.map(({ length }) => length)).toEqual([4, 1, 3, 15, 4, 9, 6, 14, 9, 3, 10]);
  });

  test('point at the parent of a key that is missing', () => {
    const errors = errorsOf('listeners:\n  - name: web\npools:\n  web:\n    policy: random\n');

    expect(errors.map(brief)).toEqual([
      '2:5 listeners[0]: missing key "bind"',
      '4:3 pools.web: missing key "backends"',
    ]);
  });

  test('count a mistyped key once, not as unknown and missing', () => {
    const errors = errorsOf(
      'listeners: [{ bnd: ":80" }]\npools: { web: { backends: [http://a] } }',
    );

    expect(errors.map(brief)).toEqual(['1:15 listeners[0]: unknown key "bnd"']);
    expect(errors[0]?.hint).toBe('did you mean "bind"?');
  });

  test.each([
    ['5', 'expected a URL, or an object with url, found a number', null],
    [
      '[http://a]',
      'expected a URL, or an object with url, found a list',
      'write "key: value" lines without "- "',
    ],
    [
      '',
      'expected a URL, or an object with url, found nothing',
      'give it a value, or remove the key',
    ],
    ['url:http://a', 'expected http://host:port, https://host:port or unix:/path.sock', null],
    [
      'http://a/path',
      'expected http://host:port, https://host:port or unix:/path.sock',
      'did you mean "http://a"? (a path belongs into rewrite.addPrefix of a route)',
    ],
    ['{ weight: 1 }', 'missing key "url"', null],
    [
      '{ url: a:80 }',
      'expected http://host:port, https://host:port or unix:/path.sock',
      'did you mean "http://a:80"?',
    ],
    [
      '{ url: http://a, weight: heavy }',
      'expected a whole number from 0 to 1000, found text',
      null,
    ],
    [
      '{ url: http://a, weight: "2" }',
      'expected a whole number from 0 to 1000, found text',
      'remove the quotes',
    ],
    ['{ url: http://a, weight: 1001 }', 'expected a whole number from 0 to 1000', null],
    ['{ url: http://a, name: 7 }', 'expected a name, found a number', 'put it in quotes: "7"'],
  ])('explain the backend "%s"', (backend, message, hint) => {
    const errors = errorsOf(
      `listeners: [{ bind: ":80" }]\npools:\n  web:\n    backends:\n      - ${backend}\n`,
    );

    expect(errors.map((error) => [error.message, error.hint])).toEqual([[message, hint]]);
  });

  test.each([
    ['5 s', 'write 5s'],
    ['5sec', 'write 5s'],
    ['5', 'write 5s'],
    ['"5"', 'write 5s'],
    ['2500', 'write 2500ms'],
    ['2minutes', 'write 2m'],
    ['1d', 'write 24h'],
    ['soon', null],
  ])('guess what the duration %s means', (written, hint) => {
    const errors = errorsOf(
      `listeners: [{ bind: ":80", limits: { headerTimeout: ${written} } }]\npools: { web: { backends: [http://a] } }`,
    );

    expect(errors.map((error) => error.hint)).toEqual([hint]);
  });

  test.each([
    'ip',
    'client_ip:x',
    'host',
    'header',
    '"header:"',
    '"header:X User"',
    '"cookie:a;b"',
    '"query:a&b"',
    '"jwt:sub"',
    '5',
  ])('refuse to hash on %s', (written) => {
    const errors = errorsOf(
      `listeners: [{ bind: ":80" }]\npools: { web: { backends: [http://a], policy: maglev, hashOn: ${written} } }`,
    );

    expect(errors.map(({ path }) => path)).toEqual(['pools.web.hashOn']);
    expect(errors[0]?.message).toContain(
      'expected client_ip, path, header:NAME, cookie:NAME or query:NAME',
    );
  });

  test.each(['client_ip', 'path', 'header:X-User', 'cookie:__Host-id', '"query:user[id]"'])(
    'do not refuse to hash on %s',
    (written) => {
      const text = `listeners: [{ bind: ":80" }]\npools: { web: { backends: [http://a], policy: maglev, hashOn: ${written} } }`;

      expect(errorsOf(text)).toEqual([]);
    },
  );

  test.each(['-1', '0.5', '125', 'high'])('refuse the balance factor %s', (written) => {
    const errors = errorsOf(
      `listeners: [{ bind: ":80" }]\npools: { web: { backends: [http://a], policy: maglev, hashBalanceFactor: ${written} } }`,
    );

    expect(errors.map(({ path }) => path)).toEqual(['pools.web.hashBalanceFactor']);
    expect(errors[0]?.message).toContain('expected 0 for no bound, or a number from 1 to 100');
  });

  test.each(['700', '20', '200-600', '99-200', '399-200'])(
    'refuse the status "%s" of a probe',
    (status) => {
      const errors = errorsOf(
        `listeners: [{ bind: ":80" }]\npools: { web: { backends: [http://a], healthCheck: { expect: { status: "${status}" } } } }`,
      );

      expect(errors.map((error) => error.path)).toEqual(['pools.web.healthCheck.expect.status']);
    },
  );

  test.each([
    ['10MB', 'write 10MiB'],
    ['64k', 'write 64KiB'],
    ['1048576', 'write 1MiB'],
    ['100', 'write 100B'],
  ])('guess what the size %s means', (written, hint) => {
    const errors = errorsOf(
      `listeners: [{ bind: ":80", limits: { maxBody: ${written} } }]\npools: { web: { backends: [http://a] } }`,
    );

    expect(errors.map((error) => error.hint)).toEqual([hint]);
  });

  test('look below a pool whose name is refused', () => {
    const errors = errorsOf('listeners: [{ bind: ":80" }]\npools: { "a b": { backends: 3 } }');

    expect(errors.map(brief)).toEqual([
      '2:10 pools["a b"]: expected a name of letters, digits, ".", "_", ":" and "-", at most 63 long',
      '2:29 pools["a b"].backends: expected a list, found a number',
    ]);
  });

  test('say a list was written where keys belong, and the other way round', () => {
    const errors = errorsOf('listeners: { bind: ":80" }\npools:\n  - name: web\n');

    expect(errors.map((error) => [brief(error), error.hint])).toEqual([
      ['1:12 listeners: expected a list, found "key: value" lines', 'start every entry with "- "'],
      [
        '3:3 pools: expected "key: value" lines, found a list',
        'write "key: value" lines without "- "',
      ],
    ]);
  });
});
