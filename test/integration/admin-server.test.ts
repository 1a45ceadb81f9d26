import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { ask, BACKEND, POOL, piecesOf, raw, startAdmin, STATUS } from '../support/admin-fixture.ts';
import { settled } from '../support/eventually.ts';

const IMPATIENT = { headMs: 50, requestMs: 100, checkMs: 20 };
const JSON_TYPE = { 'content-type': 'application/json' };

const draining = () => ({ ready: false, reason: 'draining' });
const broken = () => {
  throw new Error('secret detail');
};
const hugePage = () => ({
  contentType: 'text/plain',
  pieces: piecesOf(Array<string>(300).fill('x'.repeat(65_536))),
});
const never = () => new Promise<never>(() => undefined);

describe('admin server: what it answers', () => {
  test.each([
    ['/api/v1/status', STATUS],
    ['/api/v1/pools', { pools: [POOL] }],
    ['/api/v1/pools/app', POOL],
    ['/api/v1/pools/%61pp', POOL],
    ['/api/v1/pools/app/backends/a:1', BACKEND],
    ['/api/v1/pools/app/backends/a%3A1', BACKEND],
    ['/api/v1/overrides', { overrides: [], warning: null }],
    [
      '/api/v1/routes',
      { routes: [{ name: 'api', match: {}, action: { kind: 'pool', pool: 'app' } }] },
    ],
  ])('GET %s', async (path, expected) => {
    await using admin = await startAdmin();
    const { status, headers, body } = await ask(admin.port, 'GET', path);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(JSON.parse(body)).toEqual(expected);
  });

  test('/healthz is 200 text', async () => {
    await using admin = await startAdmin();
    expect(await ask(admin.port, 'GET', '/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
  });

  test('/readyz is 503 with the reason while nothing can be served', async () => {
    await using admin = await startAdmin({ over: { ready: draining } });
    expect(await ask(admin.port, 'GET', '/readyz')).toMatchObject({
      status: 503,
      body: 'draining\n',
    });
  });

  test('/metrics hands the Accept header on and the content type back', async () => {
    await using admin = await startAdmin();
    const headers = { accept: 'text/plain' };
    const answer = await ask(admin.port, 'GET', '/metrics', { headers });
    expect(answer.body).toBe('# text/plain\n');
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4');
  });

  test('/ lists every path', async () => {
    await using admin = await startAdmin();
    const { status, headers, body } = await ask(admin.port, 'GET', '/');
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch('text/plain');
    for (const path of ['/healthz', '/metrics', '/api/v1/pools/{pool}', '/api/v1/stop'])
      expect(body).toContain(` ${path} `);
  });

  test('HEAD is GET without the body', async () => {
    await using admin = await startAdmin();
    const get = await ask(admin.port, 'GET', '/api/v1/status');
    const head = await ask(admin.port, 'HEAD', '/api/v1/status');
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
  });

  test('/api/v1/config shows no secret', async () => {
    await using admin = await startAdmin();
    const { body } = await ask(admin.port, 'GET', '/api/v1/config');
    expect(JSON.parse(body)).toEqual({
      resolved: false,
      admin: { token: '[redacted]', bind: '127.0.0.1:9090' },
    });
    expect((await ask(admin.port, 'GET', '/api/v1/config?resolved')).body).toContain(
      '"resolved":true',
    );
  });

  test('every answer forbids sniffing, caching and running', async () => {
    await using admin = await startAdmin();
    for (const path of ['/healthz', '/api/v1/status', '/nothing']) {
      const { headers } = await ask(admin.port, 'GET', path);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'content-security-policy': expect.stringMatching("^default-src 'none'") as unknown,
      });
    }
  });
});

describe('admin server: changes', () => {
  test('a reload answers with what changed, and is counted', async () => {
    await using admin = await startAdmin();
    const { status, body } = await ask(admin.port, 'POST', '/api/v1/reload');
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({ applied: true, changes: ['pool app: added a:1'] });
    expect(admin.asked).toEqual(['reload undefined', 'reload ok']);
  });

  test('a reload may be guarded, from a second to an hour', async () => {
    await using admin = await startAdmin();
    const reload = (guard: string) => {
      const body = JSON.stringify({ guard });
      return ask(admin.port, 'POST', '/api/v1/reload', { headers: JSON_TYPE, body });
    };
    expect((await reload('30s')).status).toBe(200);
    expect(admin.asked).toEqual(['reload 30000', 'reload ok']);
    for (const guard of ['0s', '2h', 'soon']) expect((await reload(guard)).status).toBe(400);
  });

  test('a plan of another text is made over the control socket only', async () => {
    await using admin = await startAdmin();
    const body = JSON.stringify({ path: '/x/new.yaml', shown: 'new.yaml', text: 'workers: 1' });
    const asked = { headers: JSON_TYPE, body };
    expect((await ask(admin.port, 'POST', '/api/v1/plan', asked)).status).toBe(403);
    expect(admin.asked).toEqual([]);
    expect((await ask(admin.socketPath, 'POST', '/api/v1/plan', asked)).status).toBe(200);
    expect((await ask(admin.port, 'POST', '/api/v1/plan')).status).toBe(200);
    expect(admin.asked).toEqual(['plan new.yaml', 'plan undefined']);
  });

  test('a plan takes a text that is longer than other bodies may be, and nothing but a whole one', async () => {
    await using admin = await startAdmin();
    const plan = (wish: object) => {
      const body = JSON.stringify(wish);
      return ask(admin.socketPath, 'POST', '/api/v1/plan', { headers: JSON_TYPE, body });
    };
    const text = '#'.repeat(200_000);
    expect((await plan({ path: '/x', shown: 'x', text })).status).toBe(200);
    expect((await plan({ text })).status).toBe(400);
  });

  test('a refused reload is 422 with every error', async () => {
    const errors = [{ path: 'pools', line: 1, column: 2, message: 'no pool', hint: null }];
    const reload = () => Promise.resolve({ ok: false as const, errors });
    await using admin = await startAdmin({ over: { reload } });
    const { status, body } = await ask(admin.port, 'POST', '/api/v1/reload');
    expect(status).toBe(422);
    expect(JSON.parse(body)).toEqual({ errors });
    expect(admin.asked).toEqual(['reload refused']);
  });

  test.each([
    ['', 'stop undefined'],
    ['{}', 'stop undefined'],
    ['{"timeoutMs": 500}', 'stop 500'],
  ])('stop with the body %p begins to drain', async (body, call) => {
    await using admin = await startAdmin();
    const answer = await ask(admin.port, 'POST', '/api/v1/stop', { headers: JSON_TYPE, body });
    expect(answer.status).toBe(202);
    expect(JSON.parse(answer.body)).toEqual({ draining: true });
    expect(admin.asked).toEqual(['stop ok', call]);
  });

  test.each(['{"timeoutMs": -1}', '{"timeoutMs": "5s"}', '{"timeout": 5}', '[]', '{', 'null'])(
    'stop with the body %s is refused',
    async (body) => {
      await using admin = await startAdmin();
      const answer = await ask(admin.port, 'POST', '/api/v1/stop', { headers: JSON_TYPE, body });
      expect(answer.status).toBe(400);
      expect(admin.asked.filter((call) => !call.endsWith('refused'))).toEqual([]);
    },
  );

  test('a body that does not say it is JSON is refused', async () => {
    await using admin = await startAdmin();
    const headers = { 'content-type': 'text/plain' };
    const answer = await ask(admin.port, 'POST', '/api/v1/stop', { headers, body: '{}' });
    expect(answer.status).toBe(415);
    expect(admin.asked).toEqual([]);
  });

  test.each([
    ['announced', { 'content-length': 70_000 }],
    ['chunked', { 'transfer-encoding': 'chunked' }],
  ])('a body over 64 KiB, %s, is refused', async (_case, framing) => {
    await using admin = await startAdmin();
    const headers = { ...JSON_TYPE, ...framing };
    const body = Buffer.alloc(70_000, ' ');
    const answer = await ask(admin.port, 'POST', '/api/v1/stop', { headers, body });
    expect(answer.status).toBe(413);
    expect(admin.asked).toEqual([]);
  });

  test.each([
    ['GET', '/api/v1/reload', 'POST'],
    ['PUT', '/api/v1/stop', 'POST'],
    ['POST', '/api/v1/pools/app/backends/a:1', 'GET, HEAD, PUT'],
    ['PUT', '/api/v1/overrides', 'GET, HEAD, DELETE'],
    ['POST', '/api/v1/status', 'GET, HEAD'],
    ['OPTIONS', '/healthz', 'GET, HEAD'],
    ['DELETE', '/', 'GET, HEAD'],
  ])('%s %s is 405 and names %s', async (method, path, allow) => {
    await using admin = await startAdmin();
    const answer = await ask(admin.port, method, path);
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe(allow);
    expect(admin.asked).toEqual([]);
  });

  test.each([
    '/nothing',
    '/api/v1/pools/other',
    '/api/v1/pools/',
    '/api/v1/pools/app/x',
    '/api/v1/pools/app/backends/',
    '/api/v1/pools/app/backends/b:1',
    '/api/v1/pools/other/backends/a:1',
    '//healthz',
  ])('%s is 404 with a JSON error', async (path) => {
    await using admin = await startAdmin();
    const { status, body } = await ask(admin.port, 'GET', path);
    expect(status).toBe(404);
    expect(JSON.parse(body)).toEqual({ error: expect.any(String) as unknown });
  });

  test('a path that cannot be decoded is 400', async () => {
    await using admin = await startAdmin();
    expect((await ask(admin.port, 'GET', '/api/v1/pools/%zz')).status).toBe(400);
  });

  test('a failure inside is 500 and says nothing of it', async () => {
    await using admin = await startAdmin({ over: { status: broken } });
    const answer = await ask(admin.port, 'GET', '/api/v1/status');
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.body)).toEqual({ error: 'internal error' });
  });
});

describe('admin server: clients that misbehave', () => {
  test('answers others while one client sends half a head and another takes no byte', async () => {
    await using admin = await startAdmin({ over: { metrics: hugePage } });
    const halfHead = connect(admin.port, '127.0.0.1').on('error', () => undefined);
    halfHead.write('GET / HTTP/1.1\r\nHost: loc');
    const mute = connect(admin.port, '127.0.0.1').on('error', () => undefined);
    mute.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await Promise.all([once(halfHead, 'connect'), once(mute, 'connect')]);
    expect((await ask(admin.port, 'GET', '/healthz')).status).toBe(200);
    halfHead.destroy();
    mute.destroy();
  });

  test('no more of a page of metrics is made than its client takes', async () => {
    let made = 0;
    async function* pieces(): AsyncGenerator<string> {
      for (; made < 400; made++) yield 'x'.repeat(65_536);
    }
    const metrics = () => ({ contentType: 'text/plain', pieces: pieces() });
    await using admin = await startAdmin({ over: { metrics } });
    const mute = connect(admin.port, '127.0.0.1').on('error', () => undefined);
    mute.pause();
    mute.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await settled(() => made)).toBeLessThan(350);
    mute.destroy();
  });

  test('a page of metrics in many pieces arrives whole', async () => {
    await using admin = await startAdmin({ over: { metrics: hugePage } });
    expect((await ask(admin.port, 'GET', '/metrics')).body).toHaveLength(300 * 65_536);
    expect((await ask(admin.port, 'HEAD', '/metrics')).body).toBe('');
  });

  test('a page of metrics that fails on its way is cut, not ended', async () => {
    async function* pieces(): AsyncGenerator<string> {
      yield 'lb_up 1\n';
      throw new Error('a bug');
    }
    const metrics = () => ({ contentType: 'text/plain', pieces: pieces() });
    await using admin = await startAdmin({ over: { metrics } });
    await expect(ask(admin.port, 'GET', '/metrics')).rejects.toThrow();
  });

  test('a head that does not arrive in time is answered with 408', async () => {
    await using admin = await startAdmin({ patience: IMPATIENT });
    expect(await raw(admin.port, 'GET / HTTP/1.1\r\nHost: loc')).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('a body that does not arrive in time is answered with 408, and nothing is done', async () => {
    await using admin = await startAdmin({ patience: IMPATIENT });
    const head = 'POST /api/v1/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{';
    expect(await raw(admin.port, head)).toMatch(/^(HTTP\/1\.1 408 [^]*)?$/);
    expect(admin.asked).toEqual([]);
  });

  test('a connection that says nothing is closed', async () => {
    await using admin = await startAdmin({ patience: IMPATIENT });
    expect(await raw(admin.port, '')).toMatch(/^(HTTP\/1\.1 408 [^]*)?$/);
  });

  test('a head over 16 KiB is refused', async () => {
    await using admin = await startAdmin();
    const head = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await raw(admin.port, head)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('close ends an idle keep-alive connection and one that waits for its answer', async () => {
    await using admin = await startAdmin({ over: { reload: never } });
    const idle = connect(admin.port, '127.0.0.1').on('error', () => undefined);
    idle.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(idle, 'data');
    const waiting = connect(admin.port, '127.0.0.1').on('error', () => undefined);
    waiting.write('POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
    await once(waiting, 'connect');
    const ended = Promise.all([idle, waiting].map((socket) => once(socket.resume(), 'close')));
    await admin.server.close();
    expect(await ended).toHaveLength(2);
  });
});
