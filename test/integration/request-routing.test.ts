import { describe, expect, test } from '@jest/globals';
import { startFront } from '../support/front.ts';
import { ask, askUntilClosed, headerOf, requestText } from '../support/raw-client.ts';
import { okAnswer, startRecordingBackend } from '../support/recording-backend.ts';
import { valuesOf } from '../support/strict-request-parser.ts';
import { startWorker } from '../support/worker-harness.ts';

/** What a route with this match says of a request: 200 when it takes it, 404 when not. */
async function verdict(match: string, text: string): Promise<number> {
  await using front = await startFront({
    config: `routes: [{ match: ${match}, respond: { status: 200 } }, { match: { hosts: [unused.test] }, pool: web }]`,
  });
  return (await ask(front.port, text)).status;
}

function get(target: string, host = 'lb.test', fields: readonly string[] = []): string {
  return `GET ${target} HTTP/1.1\r\n${[`Host: ${host}`, ...fields].join('\r\n')}\r\n\r\n`;
}

describe('a match on hosts', () => {
  test.each([
    ['good.example', 'good.example', 200],
    ['good.example', 'GOOD.Example', 200],
    ['good.example', 'good.example:8080', 200],
    ['good.example', 'good.example.', 200],
    ['good.example', 'good.example.evil', 404],
    ['good.example', 'xgood.example', 404],
    ['good.example', 'sub.good.example', 404],
    ['Good.EXAMPLE', 'good.example', 200],
    ['"*.good.example"', 'a.good.example', 200],
    ['"*.good.example"', 'a.b.good.example:80', 200],
    ['"*.good.example"', 'good.example', 404],
    ['"*.good.example"', '.good.example', 404],
    ['"*.good.example"', 'xgood.example', 404],
    ['"*.good.example"', 'a.good.example.evil', 404],
    ['"*"', 'anything', 200],
    ['"[::1]"', '[::1]:80', 200],
  ])('%s answers the Host %s with %d', async (pattern, host, status) => {
    expect(await verdict(`{ hosts: [${pattern}] }`, get('/', host))).toBe(status);
  });
});

describe('a match on paths', () => {
  test.each([
    ['/v1', '/v1', 200],
    ['/v1', '/v1/', 200],
    ['/v1', '/v1/users?a', 200],
    ['/v1', '/v10', 404],
    ['/v1', '/', 404],
    ['/v1/*', '/v1', 200],
    ['/v1/*', '/v1/a', 200],
    ['/v1/*', '/v1a', 404],
    ['/v1/', '/v1/a', 200],
    ['/', '/anything', 200],
    ['=/exact', '/exact', 200],
    ['=/exact', '/exact/', 404],
    ['=/exact', '/exact?a=b', 200],
    ['=/exact', '//exact', 200],
    ['/%41', '/A', 200],
    ['/a%2fb', '/a%2Fb', 200],
    ['/a%2fb', '/a/b', 404],
    ['~^/re(gex)?$', '/regex', 200],
    ['~^/re(gex)?$', '/rege', 404],
    ['~\\.php$', '/a/b.php', 200],
    ['~^/(a+)+$', `/${'a'.repeat(5_000)}!`, 404],
  ])('%s answers the target %s with %d', async (pattern, target, status) => {
    expect(await verdict(`{ paths: ['${pattern}'] }`, get(target))).toBe(status);
  });
});

describe('a match on methods, headers and query', () => {
  test.each([
    ['{ methods: [GET, POST] }', get('/'), 200],
    ['{ methods: [POST] }', get('/'), 404],
    ['{ methods: [GET] }', get('/').replace('GET', 'HEAD'), 404],
    ['{ headers: { X-Tenant: acme } }', get('/', 'a', ['x-tenant: acme']), 200],
    ['{ headers: { x-tenant: acme } }', get('/', 'a', ['X-Tenant: acme2']), 404],
    ['{ headers: { x-tenant: acme } }', get('/'), 404],
    ['{ headers: { x-tenant: "~^ac" } }', get('/', 'a', ['X-Tenant: acme']), 200],
    ['{ headers: { x-tenant: "~^ac" } }', get('/', 'a', ['X-Tenant: xacme']), 404],
    ['{ headers: { constructor: "~." } }', get('/'), 404],
    ['{ query: { v: "2" } }', get('/?v=2'), 200],
    ['{ query: { v: "2" } }', get('/?a=1&v=2'), 200],
    ['{ query: { v: "2" } }', get('/?v=1&v=2'), 200],
    ['{ query: { v: "2" } }', get('/?v=22'), 404],
    ['{ query: { v: "2" } }', get('/'), 404],
    ['{ query: { v: "a b" } }', get('/?v=a%20b'), 200],
    ['{ query: { v: "~^[0-9]+$" } }', get('/?v=17'), 200],
    ['{ paths: [/a], query: { v: "2" } }', get('/b?v=2'), 404],
  ])('%s', async (match, text, status) => {
    expect(await verdict(match, text)).toBe(status);
  });

  test('goes to the first route of those that match', async () => {
    await using front = await startFront({
      config: `routes:
  - { match: { paths: [/a/b] }, respond: { body: first } }
  - { match: { paths: [/a] }, respond: { body: second } }
  - { pool: web }`,
    });
    expect((await ask(front.port, get('/a/b/c'))).body).toBe('first');
    expect((await ask(front.port, get('/a/c'))).body).toBe('second');
    expect((await ask(front.port, get('/c'))).body).toBe('GET /c');
  });
});

describe('rewrite', () => {
  test.each([
    ['{ stripPrefix: /v1 }', '/v1/users', '/users'],
    ['{ stripPrefix: /v1 }', '/v1', '/'],
    ['{ stripPrefix: /v1 }', '/v1?a=b', '/?a=b'],
    ['{ stripPrefix: /v1 }', '//v1/users', '/users'],
    ['{ stripPrefix: /v1 }', '/v10/users', '/v10/users'],
    ['{ stripPrefix: /v1 }', '/v1//evil.test/x', '//evil.test/x'],
    ['{ addPrefix: /in }', '/users?x', '/in/users?x'],
    ['{ addPrefix: /in/ }', '/users', '/in/users'],
    ['{ stripPrefix: /v1, addPrefix: /v2 }', '/v1/users', '/v2/users'],
  ])('%s sends %s as %s', async (rewrite, target, sent) => {
    await using front = await startFront({
      config: `routes: [{ pool: web, rewrite: ${rewrite} }]`,
    });
    await ask(front.port, get(target));
    expect(front.backend.only.target).toBe(sent);
  });

  test('sends another Host and says in X-Forwarded-Host which it was', async () => {
    await using front = await startFront({
      config: 'routes: [{ pool: web, rewrite: { host: internal.test } }]',
    });
    await ask(front.port, get('/', 'shop.test'));
    expect(valuesOf(front.backend.only, 'host')).toEqual(['internal.test']);
    expect(valuesOf(front.backend.only, 'x-forwarded-host')).toEqual(['shop.test']);
  });
});

describe('header edits', () => {
  test('set, add and remove what the backend sees', async () => {
    await using front = await startFront({
      config:
        'routes: [{ pool: web, headers: { request: { set: { X-A: "1" }, add: { X-B: "2" }, remove: [x-c] } } }]',
    });
    await ask(front.port, get('/', 'a', ['x-a: 0', 'X-A: 00', 'X-B: 0', 'X-C: 0']));
    const { only } = front.backend;
    expect([valuesOf(only, 'x-a'), valuesOf(only, 'x-b'), valuesOf(only, 'x-c')]).toEqual([
      ['1'],
      ['0', '2'],
      [],
    ]);
  });

  test('set, add and remove what the client sees', async () => {
    await using front = await startFront({
      respond: () => okAnswer('ok', ['Server: x', 'X-A: 0', 'X-B: 0']),
      config:
        'routes: [{ pool: web, headers: { response: { set: { X-A: "1" }, add: { X-B: "2" }, remove: [Server] } } }]',
    });
    const answer = await ask(front.port, get('/'));
    const of = (name: string): string[] =>
      answer.headers.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
    expect([of('x-a'), of('x-b'), of('server')]).toEqual([['1'], ['0', '2'], []]);
  });
});

describe('redirect', () => {
  async function location(to: string, text: string): Promise<string | undefined> {
    await using front = await startFront({
      config: `routes: [{ match: { paths: [/] }, redirect: { to: "${to}" } }, { pool: web }]`,
    });
    const answer = await ask(front.port, text);
    expect(answer.status).toBe(308);
    return headerOf(answer, 'location');
  }

  test.each([
    ['https://{host}{uri}', '/a?b=c', 'https://shop.test:81/a?b=c'],
    ['https://{hostname}{path}', '/a?b=c', 'https://shop.test/a'],
    ['/x?{query}', '/a?b=c', '/x?b=c'],
    ['{scheme}://{hostname}:{port}/', '/', 'http://shop.test:81/'],
  ])('%s answers %s with %s', async (to, target, expected) => {
    expect(await location(to, get(target, 'shop.test:81'))).toBe(expected);
  });

  test('never lets an escaped line break into its answer', async () => {
    const answer = await location('https://{host}{uri}', get('/a%0d%0aSet-Cookie:%20x=1?%0d%0ay'));
    expect(answer).toBe('https://lb.test/a%0d%0aSet-Cookie:%20x=1?%0d%0ay');
  });

  test('has the status it was given', async () => {
    await using front = await startFront({
      config: 'routes: [{ redirect: { to: /x, status: 302 } }, { pool: web }]',
    });
    expect((await ask(front.port, get('/'))).status).toBe(302);
  });
});

describe('respond', () => {
  test('answers with status, headers and body', async () => {
    await using front = await startFront({
      config:
        'routes: [{ respond: { status: 503, headers: { Retry-After: "60", Content-Type: text/html }, body: "<p>later" } }, { pool: web }]',
    });
    const answer = await ask(front.port, get('/'));
    expect(answer).toMatchObject({ status: 503, body: '<p>later' });
    expect(headerOf(answer, 'retry-after')).toBe('60');
    expect(headerOf(answer, 'content-type')).toBe('text/html');
    expect(headerOf(answer, 'x-request-id')).toBeDefined();
  });

  test.each([204, 304])('answers %d without a body', async (status) => {
    await using front = await startFront({
      config: `routes: [{ respond: { status: ${status}, body: "nothing" } }, { pool: web }]`,
    });
    const [answer, ...more] = await askUntilClosed(
      front.port,
      get('/', 'a', ['Connection: close']),
    );
    expect(more).toEqual([]);
    expect(answer).toMatchObject({ status, body: '' });
    expect(answer && headerOf(answer, 'content-length')).toBeUndefined();
  });

  test('answers HEAD with the length and without the body', async () => {
    await using front = await startFront({
      config: 'routes: [{ respond: { body: "12345" } }, { pool: web }]',
    });
    const answer = await ask(front.port, requestText('HEAD /'));
    expect(headerOf(answer, 'content-length')).toBe('5');
    expect(answer.body).toBe('');
  });
});

test('a split gives each pool its share', async () => {
  await using stable = await startRecordingBackend();
  await using canary = await startRecordingBackend();
  await using worker = await startWorker(`
pools: { stable: { backends: ["${stable.url}"] }, canary: { backends: ["${canary.url}"] } }
routes: [{ split: [{ pool: stable, weight: 90 }, { pool: canary, weight: 10 }] }]`);
  for (let i = 0; i < 400; i++) await ask(worker.port, get('/'));
  expect(stable.requests.length + canary.requests.length).toBe(400);
  // 40 are expected with a deviation of 6: five deviations either way.
  expect(canary.requests.length).toBeGreaterThan(10);
  expect(canary.requests.length).toBeLessThan(70);
});

test('a split gives a pool of weight 0 nothing', async () => {
  await using stable = await startRecordingBackend();
  await using canary = await startRecordingBackend();
  await using worker = await startWorker(`
pools: { stable: { backends: ["${stable.url}"] }, canary: { backends: ["${canary.url}"] } }
routes: [{ split: [{ pool: stable, weight: 1 }, { pool: canary, weight: 0 }] }]`);
  for (let i = 0; i < 50; i++) await ask(worker.port, get('/'));
  expect(canary.requests).toEqual([]);
});
