import { describe, expect, test } from '@jest/globals';
import { diffConfig } from '@lb/shared/config/diff';
import { configOf } from '../support/config-text.ts';

const BEFORE = `
listeners: [{ bind: "0.0.0.0:8080" }, { bind: ":81", name: inner }]
routes:
  - { name: api, match: { hosts: [a.example] }, pool: api }
  - { name: answer, match: { paths: [/x] }, respond: { body: one, headers: { X-Key: secret-1 } } }
  - { name: rest, pool: web }
pools:
  api: { backends: ["http://127.0.0.1:9001", { url: "http://127.0.0.1:9002", name: web-2 }] }
  web: { backends: ["http://127.0.0.1:9004"] }
`;

/** The sentences for what replacing one text by another in the file changes. */
function changes(from: string, to: string): readonly string[] {
  expect(BEFORE).toContain(from);
  return diffConfig(configOf(BEFORE), configOf(BEFORE.replace(from, to))).map(({ text }) => text);
}

describe('the difference between two configurations', () => {
  test('is nothing between a file and itself', () => {
    expect(diffConfig(configOf(BEFORE), configOf(BEFORE))).toEqual([]);
  });

  test.each([
    [
      '{ url: "http://127.0.0.1:9002", name: web-2 }',
      '{ url: "http://127.0.0.1:9002", name: web-2 }, { url: "http://127.0.0.1:9003", name: web-3 }',
      'pool api: backend web-3 added (http://127.0.0.1:9003)',
    ],
    [', { url: "http://127.0.0.1:9002", name: web-2 }', '', 'pool api: backend web-2 removed'],
    ['name: web-2', 'name: web-2, weight: 2', 'pool api: backend web-2 weight 1 -> 2'],
    [
      'http://127.0.0.1:9002',
      'http://127.0.0.1:9',
      'pool api: backend web-2 url http://127.0.0.1:9002 -> http://127.0.0.1:9',
    ],
    ['api: {', 'api: { policy: ewma,', 'pool api: policy p2c -> ewma'],
    [
      'api: {',
      'api: { healthCheck: { interval: 1500ms },',
      'pool api: healthCheck.interval 5s -> 1500ms',
    ],
    [
      'api: {',
      'api: { retries: { bufferBody: 1MiB, methods: [GET] },',
      'pool api: retries.methods HEAD removed, OPTIONS removed, PUT removed, DELETE removed, TRACE removed',
      'pool api: retries.bufferBody 64KiB -> 1MiB',
    ],
    ['{ bind: "0.0.0.0:8080" }, ', '', 'listener 0.0.0.0:8080 removed'],
    [', { bind: ":81", name: inner }', '', 'listener inner removed'],
    [
      '{ bind: ":81", name: inner }',
      '{ bind: ":82", name: inner }, { bind: ":83", name: new }',
      'listener inner: bind :81 -> :82',
      'listener new added (:83)',
    ],
    [
      'name: inner',
      'name: inner, limits: { bodyMinRate: 0 }',
      'listener inner: limits.bodyMinRate 240B/s -> 0',
    ],
    [
      '  - { name: rest',
      '  - { name: shop, match: { paths: [/shop] }, pool: web }\n  - { name: rest',
      'route shop added',
    ],
    ['  - { name: rest, pool: web }\n', '', 'route rest removed'],
    ['[a.example]', '[b.example]', 'route api: match.hosts b.example added, a.example removed'],
    ['pool: api }', 'pool: web }', 'route api: pool api -> web'],
    ['pool: api }', 'maxBody: 1MiB, pool: api }', 'route api: maxBody none -> 1MiB'],
    [
      'pool: api }',
      'redirect: { to: "https://x/" } }',
      'route api: pool api -> redirect 308 https://x/',
    ],
    [
      'pool: api }',
      'split: [{ pool: api, weight: 9 }, { pool: web, weight: 1 }] }',
      'route api: pool api -> split api 9, web 1',
    ],
    ['secret-1', 'secret-2', 'route answer: respond changed'],
    ['pools:', 'log: { level: debug }\npools:', 'log.level: info -> debug'],
    ['pools:', 'workers: 4\npools:', 'workers: auto -> 4'],
    ['pools:', 'trustedProxies: [10.0.0.0/8]\npools:', 'trustedProxies: 10.0.0.0/8 added'],
    ['pools:', 'shutdown: { drainTimeout: 1m }\npools:', 'shutdown.drainTimeout: 30s -> 1m'],
  ])('is said in words when "%s" becomes "%s"', (from, to, ...said) => {
    expect(changes(from, to)).toEqual(said);
  });

  test('counts the backends of a new pool', () => {
    const added = `${BEFORE}  extra: { backends: ["http://c"] }\n`;

    expect(diffConfig(configOf(BEFORE), configOf(added))).toEqual([
      {
        path: 'pools.extra',
        text: 'pool extra added (1 backend)',
        needsRestart: false,
        subject: { kind: 'pool', name: 'extra', how: 'added', key: '' },
      },
    ]);
    expect(diffConfig(configOf(added), configOf(BEFORE)).map(({ text }) => text)).toEqual([
      'pool extra removed',
    ]);
  });

  test('notices routes that only changed places', () => {
    const [api = '', answer = ''] = BEFORE.split('\n').slice(3, 5);
    const swapped = BEFORE.replace(`${api}\n${answer}`, `${answer}\n${api}`);

    expect(diffConfig(configOf(BEFORE), configOf(swapped)).map(({ text }) => text)).toEqual([
      'routes: order changed',
    ]);
  });

  test('shows no token and no header value', () => {
    const withSecrets = BEFORE.replace(
      'pool: api',
      'pool: api, headers: { request: { set: { X-Key: secret-3 } } }',
    ).replace('pools:', 'admin: { token: secret-token }\npools:');
    const texts = diffConfig(configOf(BEFORE), configOf(withSecrets)).map(({ text }) => text);

    expect(texts).toEqual(['route api: headers.request.set.X-Key added', 'admin.token: added']);
  });

  test('says what a running instance cannot do', () => {
    const moved = `${BEFORE}admin: { bind: "127.0.0.1:9999", socket: /run/other.sock, token: long-enough }\n`;

    expect(
      diffConfig(configOf(BEFORE), configOf(moved)).map(({ path, needsRestart }) => [
        path,
        needsRestart,
      ]),
    ).toEqual([
      ['admin.bind', true],
      ['admin.token', true],
      ['admin.socket', true],
    ]);
  });
});

test('each backend is looked at a few times, however many there are', () => {
  const count = 1_000;
  const urls = Array.from({ length: count }, (_, i) => `http://127.0.0.1:${i + 1}`);
  const config = configOf(
    `listeners: [{ bind: "127.0.0.1:0" }]\npools: { web: { backends: [${urls.join(', ')}] } }`,
  );
  const { web } = config.pools;
  if (web === undefined) throw new Error('the configuration has this pool');
  let looks = 0;
  const backends = web.backends.map((backend) => ({
    ...backend,
    get name() {
      looks += 1;
      return backend.name;
    },
  }));

  const counted = { ...config, pools: { web: { ...web, backends } } };
  expect(diffConfig(counted, counted)).toEqual([]);
  expect(looks).toBeLessThan(30 * count);
});
