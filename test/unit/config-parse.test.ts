import { describe, expect, test } from '@jest/globals';
import { configOf } from '../support/config-text.ts';

const SMALLEST = `
listeners: [{ bind: 0.0.0.0:8080 }]
pools: { web: { backends: [http://127.0.0.1:9001, http://127.0.0.1:9002] } }
`;

describe('a configuration', () => {
  test('sends everything to the only pool when there are no routes', () => {
    const [route] = configOf(SMALLEST).routes;

    expect(route).toMatchObject({ name: 'default', action: { kind: 'pool', pool: 'web' } });
  });

  test('names what was not named: listeners by bind, routes by index, backends by host and port', () => {
    const config = configOf(`
listeners: [{ bind: ":8080" }, { bind: "unix:/run/lb.sock", name: local }]
routes: [{ pool: a }, { pool: a, name: shop }, { pool: a }]
pools: { a: { backends: ["http://one", { url: "unix:/run/app.sock" }, { url: "http://[::1]:81", name: v6 }] } }
`);

    expect(config.listeners.map(({ name }) => name)).toEqual([':8080', 'local']);
    expect(config.routes.map(({ name }) => name)).toEqual(['route-0', 'shop', 'route-2']);
    expect(config.pools['a']?.backends.map(({ name }) => name)).toEqual([
      'one:80',
      'app.sock',
      'v6',
    ]);
  });

  test('writes out what each kind of route does', () => {
    const config = configOf(`
listeners: [{ bind: ":8080" }]
routes:
  - pool: a
  - split: [{ pool: a, weight: 95 }, { pool: b, weight: 5 }]
  - redirect: { to: "https://{host}{uri}" }
  - respond: { status: 503, body: back soon }
pools: { a: { backends: [http://one] }, b: { backends: [http://two] } }
`);

    expect(config.routes.map(({ action }) => action)).toEqual([
      { kind: 'pool', pool: 'a' },
      {
        kind: 'split',
        pools: [
          { pool: 'a', weight: 95 },
          { pool: 'b', weight: 5 },
        ],
      },
      { kind: 'redirect', to: 'https://{host}{uri}', status: 308 },
      { kind: 'respond', status: 503, headers: {}, body: 'back soon' },
    ]);
    expect(Object.keys(config.routes[0] ?? {})).not.toContain('pool');
  });

  test('is frozen all the way down', () => {
    const config = configOf(SMALLEST);
    const open: unknown[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if (!Object.isFrozen(value)) open.push(value);
      Object.values(value).forEach(visit);
    };
    visit(config);

    expect(open).toEqual([]);
  });

  test('may start with a byte order mark and end its lines with CR LF', () => {
    const text = `\uFEFF${SMALLEST.replaceAll('\n', '\r\n')}`;

    expect(configOf(text).listeners).toHaveLength(1);
  });

  test('may use an anchor for a value it needs twice', () => {
    const config = configOf(`
listeners: [{ bind: ":8080" }]
routes: [{ pool: a }, { pool: b }]
pools:
  a: { timeouts: &patient { response: 5m }, backends: [http://one] }
  b: { timeouts: *patient, backends: [http://two] }
`);

    expect(config.pools['b']?.timeouts.response).toBe(300_000);
  });

  test('has the defaults of the reference', () => {
    const { workers, listeners, routes, pools, admin, log, requestId, shutdown, trustedProxies } =
      configOf(SMALLEST);

    expect({ workers, trustedProxies, admin, log, requestId, shutdown }).toEqual({
      workers: 'auto',
      trustedProxies: [],
      admin: { bind: '127.0.0.1:9090', token: null, dashboard: true, socket: null },
      log: {
        level: 'info',
        format: 'auto',
        access: {
          enabled: true,
          format: 'json',
          path: 'stdout',
          sample: 1,
          redact: ['authorization', 'cookie', 'set-cookie'],
        },
      },
      requestId: { header: 'X-Request-Id', generate: 'uuidv7' },
      shutdown: { drainTimeout: 30_000 },
    });
    expect(listeners[0]).toMatchObject({
      accept: 'shared',
      limits: {
        connections: 0,
        headerTimeout: 10_000,
        bodyIdleTimeout: 30_000,
        bodyMinRate: 240,
        keepAliveTimeout: 75_000,
        maxRequestsPerConnection: 0,
        maxHeaders: 100,
        maxHeaderSize: 32_768,
        maxBody: 10_485_760,
      },
    });
    expect(routes[0]).toMatchObject({
      match: { hosts: [], paths: [], methods: [], headers: {}, query: {} },
      rewrite: { addPrefix: '', host: null },
      headers: {
        request: { set: {}, add: {}, remove: [] },
        response: { set: {}, add: {}, remove: [] },
      },
      access: { allow: [], deny: [] },
      timeout: 0,
    });
    expect(routes[0]?.maxBody).toBeUndefined();
    expect(pools['web']).toMatchObject({
      policy: 'p2c',
      backends: [
        { url: 'http://127.0.0.1:9001', name: '127.0.0.1:9001', weight: 1, backup: false },
        { url: 'http://127.0.0.1:9002', name: '127.0.0.1:9002', weight: 1, backup: false },
      ],
      healthCheck: {
        type: 'http',
        path: '/health',
        method: 'GET',
        host: null,
        port: null,
        expect: { status: '200-399', body: null },
        interval: 5_000,
        timeout: 2_000,
        fall: 3,
        rise: 2,
      },
      timeouts: { connect: 3_000, response: 60_000, idle: 60_000, tunnel: 3_600_000 },
      retries: {
        attempts: 1,
        on: ['connect', 'reset'],
        methods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'],
        bufferBody: 65_536,
      },
      connections: { maxIdle: 64, idleTimeout: 4_000, max: 0, protocol: 'auto' },
    });
  });
});
