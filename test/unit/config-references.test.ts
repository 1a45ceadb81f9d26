import { describe, expect, test } from '@jest/globals';
import { brief, configOf, errorsOf, parse, warningsOf } from '../support/config-text.ts';

/** A file with one listener and the pools web and api, and the lines given. */
const withLines = (...lines: string[]): string =>
  [
    'listeners: [{ bind: ":8080" }]',
    'pools: { web: { backends: ["http://a:1"] }, api: { backends: ["http://b:1"] } }',
    ...lines,
  ].join('\n');

const withRoute = (route: string): string => withLines(`routes: [{ pool: api }, { ${route} }]`);

describe('rules that span sections', () => {
  test.each([
    ['127.0.0.1:9090', '', true],
    [':9090', '', true],
    ['0.0.0.0:9090', '', true],
    ['[::]:9090', '', false],
    ['127.0.0.2:9090', '', false],
    [':9090', 'admin: { bind: 127.0.0.1:9091 }', false],
    ['127.0.0.1:9091', 'admin: { bind: 127.0.0.1:9091 }', true],
    ['127.0.0.1:0', 'admin: { bind: 127.0.0.1:0 }', false],
  ])('say when a listener on %s takes the port of the admin server: %s', (bind, admin, clashes) => {
    const text = `listeners: [{ bind: "${bind}" }]\nroutes: [{ respond: {} }]\n${admin}\n`;
    const parsed = parse(text);
    const places = parsed.ok ? [] : parsed.errors.map(({ path }) => path);
    expect(places).toEqual(clashes ? ['listeners[0].bind'] : []);
  });

  test('say that a unix socket has one queue', () => {
    const [error] = errorsOf(
      'listeners: [{ bind: "unix:/run/lb.sock", accept: reuseport }]\nroutes: [{ respond: {} }]\n',
    );
    expect(error).toMatchObject({
      path: 'listeners[0].accept',
      message: 'reuseport is for TCP: a unix socket has one queue',
    });
  });

  test.each([
    ['pool: wbe', '3:33 routes[1].pool: no pool is named "wbe"', 'did you mean "web"?'],
    ['pool: shop', '3:33 routes[1].pool: no pool is named "shop"', 'the pools are web, api'],
    [
      'pool: toString',
      '3:33 routes[1].pool: no pool is named "toString"',
      'the pools are web, api',
    ],
    [
      'split: [{ pool: web, weight: 1 }, { pool: apy, weight: 1 }]',
      '3:69 routes[1].split[1].pool: no pool is named "apy"',
      'did you mean "api"?',
    ],
    [
      'pool: web, mirror: { pool: apy }',
      '3:54 routes[1].mirror.pool: no pool is named "apy"',
      'did you mean "api"?',
    ],
    [
      'respond: {}, mirror: { pool: api }',
      '3:40 routes[1].mirror: only what goes to a pool is mirrored, and this route has "respond"',
      'take "mirror" away',
    ],
    [
      'pool: web, mirror: { pool: api, percent: 101 }',
      '3:68 routes[1].mirror.percent: expected a number from 0 to 100',
      null,
    ],
    [
      'split: [{ pool: web, weight: 0 }]',
      '3:27 routes[1].split: at least one weight must be above 0',
      null,
    ],
    [
      'match: {}',
      '3:27 routes[1]: missing what to do: exactly one of "pool", "split", "redirect" or "respond"',
      null,
    ],
    [
      'pool: web, respond: {}',
      '3:38 routes[1].respond: a route has exactly one of "pool", "split", "redirect" and "respond", and "pool" is given',
      null,
    ],
    [
      'pool: web, name: none',
      '3:44 routes[1].name: the name "none" is reserved for requests that match no route',
      null,
    ],
    [
      'pool: web, name: route-0',
      '3:44 routes[1].name: route name "route-0" is taken by routes[0]',
      null,
    ],
    [
      'redirect: { to: "https://{hots}/{uri}" }',
      '3:43 routes[1].redirect.to: unknown placeholder "{hots}": there are {scheme} {host} {hostname} {port} {path} {query} {uri}',
      'did you mean "host"?',
    ],
    [
      'pool: web, headers: { request: { set: { HOST: x } } }',
      '3:67 routes[1].headers.request.set.HOST: "HOST" cannot be changed here: use rewrite.host',
      null,
    ],
    [
      'pool: web, headers: { response: { remove: [x-a, upgrade] } }',
      '3:75 routes[1].headers.response.remove[1]: "upgrade" cannot be changed here: it belongs to one connection and never passes the balancer (RFC 9110 section 7.6.1)',
      null,
    ],
    [
      'respond: { headers: { Content-Length: "3" } }',
      '3:49 routes[1].respond.headers.Content-Length: "Content-Length" cannot be changed here: it frames the message; a wrong one is request smuggling (RFC 9112 section 6)',
      null,
    ],
  ])('refuse the route { %s }', (route, said, hint) => {
    const errors = errorsOf(withRoute(route));

    expect(errors.map((error) => [brief(error), error.hint])).toEqual([[said, hint]]);
  });

  test.each(['Transfer-Encoding', 'Connection', 'Via', 'TE', 'Keep-Alive', 'Proxy-Authorization'])(
    'refuse an edit of %s',
    (header) => {
      const errors = errorsOf(
        withRoute(`pool: web, headers: { request: { add: { ${header}: x } } }`),
      );

      expect(errors.map(({ path }) => path)).toEqual([`routes[1].headers.request.add.${header}`]);
    },
  );

  test('guess the pool of a route that says nothing when there is only one', () => {
    const errors = errorsOf(
      'listeners: [{ bind: ":80" }]\nroutes: [{ match: {} }]\npools: { web: { backends: [http://a] } }',
    );

    expect(errors.map(({ hint }) => hint)).toEqual(['did you mean "pool: web"?']);
  });

  test('want routes where there are several pools, and pools where there are no routes', () => {
    expect(errorsOf(withLines()).map(brief)).toEqual([
      '2:1 pools: 2 pools and no routes: nothing says which requests go where',
    ]);
    expect(errorsOf('listeners: [{ bind: ":80" }]\nroutes: []').map(brief)).toEqual([
      '1:1 pools: no pools and no routes: nothing says where requests go',
    ]);
  });

  test('need no pool where every route answers by itself', () => {
    const config = configOf('listeners: [{ bind: ":80" }]\nroutes: [{ respond: {} }]');

    expect(config.pools).toEqual({});
  });

  test('see names and binds that are used twice', () => {
    const errors = errorsOf(`
listeners:
  - { bind: "0.0.0.0:80", name: a }
  - { bind: "0.0.0.0:80" }
  - { bind: ":0", name: a }
  - { bind: ":0" }
routes: [{ pool: web, name: x }, { pool: web, name: x }]
pools:
  web:
    backends: [http://a, "http://a:80/", { url: http://b, name: n }, { url: http://c, name: n }]
`);

    expect(errors.map(brief)).toEqual([
      '4:13 listeners[1].bind: bind "0.0.0.0:80" is taken by listeners[0]',
      '5:25 listeners[2].name: listener name "a" is taken by listeners[0]',
      '7:53 routes[1].name: route name "x" is taken by routes[0]',
      '10:26 pools.web.backends[1]: backend name "a:80" is taken by pools.web.backends[0]',
      '10:93 pools.web.backends[3].name: backend name "n" is taken by pools.web.backends[2]',
    ]);
  });

  test.each(['0.0.0.0:9090', ':9090', '192.0.2.1:9090', '[::]:9090'])(
    'want a token for the admin address %s',
    (bind) => {
      const open = withLines(
        'routes: [{ pool: web }, { pool: api }]',
        `admin: { bind: "${bind}" }`,
      );

      expect(errorsOf(open).map(brief)).toEqual([
        '4:16 admin.bind: other machines can reach this address: admin.token is required',
      ]);
      expect(
        errorsOf(open.replace(' }', ' }').replace(`"${bind}"`, `"${bind}", token: a-long-token`)),
      ).toEqual([]);
    },
  );

  test.each(['127.0.0.1:1', '[::1]:1', 'localhost:1'])('want none for %s', (bind) => {
    const text = withLines('routes: [{ pool: web }, { pool: api }]', `admin: { bind: "${bind}" }`);

    expect(errorsOf(text)).toEqual([]);
  });

  test('are checked even where the schema refused something else', () => {
    const errors = errorsOf(
      withRoute('pool: wbe, timeout: 5, headers: { request: { remove: [Via] } }'),
    );

    expect(errors.map(({ path }) => path)).toEqual([
      'routes[1].pool',
      'routes[1].timeout',
      'routes[1].headers.request.remove[0]',
    ]);
  });
});

describe('second tries', () => {
  const poolOf = (keys: string): string =>
    `listeners: [{ bind: ":80" }]\npools: { web: { backends: [http://a, http://b], ${keys} } }\n`;

  test('sessions and a hedge exclude each other', () => {
    const text = poolOf('sticky: { mode: cookie }, hedge: { after: 1s }');

    expect(errorsOf(text).map(brief)).toEqual([
      '2:75 pools.web.hedge: a pool with sticky sessions cannot have a hedge: it asks a second backend',
    ]);
    expect(errorsOf(text.replace('{ mode: cookie }', 'null'))).toEqual([]);
    expect(errorsOf(text.replace('{ after: 1s }', 'null'))).toEqual([]);
  });

  test('statuses may be written as numbers or as text', () => {
    const { retries } = configOf(poolOf('retries: { on: [reset, 503, "502"] }')).pools['web'] ?? {};

    expect(retries?.on).toEqual(['reset', '503', '502']);
  });

  test.each([
    [
      'retries: { on: [500] }',
      'retries.on[0]: expected "connect", "reset", "timeout", "502", "503", "504" or "429"',
    ],
    ['hedge: {}', 'hedge: missing key "after"'],
    ['hedge: { after: 0s }', 'hedge.after: expected p95, or a duration such as "100ms"'],
    ['hedge: { after: p99 }', 'hedge.after: expected p95, or a duration such as "100ms"'],
    [
      'hedge: { after: p95, methods: [POST] }',
      'hedge.methods[0]: expected "GET", "HEAD", "OPTIONS" or "TRACE"',
    ],
    [
      'retries: { budget: { percent: 101 } }',
      'retries.budget.percent: expected a whole number from 0 to 100',
    ],
  ])('%s is refused', (keys, said) => {
    const [error, ...more] = errorsOf(poolOf(keys)).map(
      ({ path, message }) => `${path}: ${message}`,
    );

    expect(error).toBe(`pools.web.${said}`);
    expect(more).toEqual([]);
  });
});

describe('warnings', () => {
  test('name what is allowed and probably not meant', () => {
    const warnings = warningsOf(`
listeners: [{ bind: ":8080" }, { bind: "192.0.2.1:81" }]
routes:
  - { pool: web, match: { hosts: [a.example] } }
  - { pool: web }
  - { pool: web, match: { paths: [/x] } }
  - { pool: web, match: { methods: [TRACE] } }
pools:
  web:
    healthCheck: { timeout: 6s }
    backends: [http://a, http://localhost:8080, "http://192.0.2.1:81", "http://192.0.2.1:8080"]
  idle: { backends: [http://b] }
  off:
    backends: [{ url: http://c, weight: 0 }]
`);

    expect(warnings.map(brief)).toEqual([
      '6:7 routes[2]: no request gets here: routes[1] matches every request',
      '10:29 pools.web.healthCheck.timeout: the timeout is longer than the interval: a slow backend is noticed late',
      '11:26 pools.web.backends[1]: this backend is a listener of this balancer: requests go round in circles',
      '11:49 pools.web.backends[2]: this backend is a listener of this balancer: requests go round in circles',
      '12:3 pools.idle: no route uses this pool',
      '13:3 pools.off: no route uses this pool',
      '14:5 pools.off.backends: every backend has weight 0: the pool gets no new traffic',
    ]);
  });

  test('say when copies go to a pool that has requests of its own', () => {
    const route = 'pool: web, mirror: { pool: api }';
    const other = '{ pool: api, match: { hosts: [a.example] } }';
    const text = withLines(`routes: [{ ${route}, match: { paths: [/a] } }, ${other}]`);
    expect(warningsOf(text).map(brief)).toEqual([
      '3:39 routes[0].mirror.pool: this pool has requests of its own: a copy that fails takes backends out for them',
    ]);
    expect(warningsOf(withLines(`routes: [{ ${route} }]`))).toEqual([]);
  });

  test.each([
    ['p2c', 'hashOn: path'],
    ['random', 'hashBalanceFactor: 2'],
    ['ip_hash', 'hashOn: path'],
    ['ip_hash', 'hashBalanceFactor: 0'],
  ])('say that the policy %s does not look at %s', (policy, line) => {
    const text = `listeners: [{ bind: ":80" }]\npools:\n  web:\n    policy: ${policy}\n    ${line}\n    backends: [http://a:81]\n`;
    const key = line.split(':')[0] ?? '';
    expect(warningsOf(text).map(brief)).toEqual([
      `5:${line.indexOf(' ') + 6} pools.web.${key}: policy ${policy} has no use for it: it is for ring_hash and maglev`,
    ]);
    expect(warningsOf(text.replace(policy, 'maglev'))).toEqual([]);
  });

  test.each([
    [
      'retries: { methods: [GET, POST, PATCH] }',
      'retries.methods: POST is tried again: a backend may do twice what was asked once',
      'retries.methods: PATCH is tried again: a backend may do twice what was asked once',
    ],
    [
      'timeouts: { response: 1s }, retries: { perTryTimeout: 2s }',
      'retries.perTryTimeout: it is longer than timeouts.response, which ends every try before',
    ],
    ['hedge: { after: p95 }', 'hedge: the pool has one backend: there is no second to ask'],
  ])('look at %s', (line, ...said) => {
    const text = `listeners: [{ bind: ":80" }]\npools: { web: { ${line}, backends: [http://a:81] } }\n`;
    const found = warningsOf(text).map(({ path, message }) => `${path}: ${message}`);
    expect(found).toEqual(said.map((words) => `pools.web.${words}`));
  });

  test('are none for the smallest file', () => {
    expect(
      warningsOf('listeners: [{ bind: ":80" }]\npools: { web: { backends: [http://a:81] } }'),
    ).toEqual([]);
  });
});
