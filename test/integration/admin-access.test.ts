import { hostname } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { ask, raw, startAdmin } from '../support/admin-fixture.ts';

describe('admin server: who may ask', () => {
  test.each([
    'localhost',
    'localhost:1234',
    'LOCALHOST',
    '127.0.0.1',
    '[::1]:9090',
    '127.0.0.1:80',
  ])('Host %s is let in', async (host) => {
    await using admin = await startAdmin();
    expect((await ask(admin.port, 'GET', '/healthz', { headers: { host } })).status).toBe(200);
  });

  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil@localhost',
    '192.0.2.1',
  ])('Host %p is refused: DNS rebinding', async (host) => {
    await using admin = await startAdmin();
    for (const path of ['/healthz', '/api/v1/status'])
      expect((await ask(admin.port, 'GET', path, { headers: { host } })).status).toBe(403);
  });

  test('an empty Host is refused', async () => {
    await using admin = await startAdmin();
    const head = 'GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n';
    expect(await raw(admin.port, head)).toMatch(/^HTTP\/1\.1 403 /);
  });

  test('two Host headers are refused', async () => {
    await using admin = await startAdmin();
    const head =
      'GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n';
    expect(await raw(admin.port, head)).toMatch(/^HTTP\/1\.1 40[03] /);
  });

  test('an absolute target is refused', async () => {
    await using admin = await startAdmin();
    const head =
      'GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    expect(await raw(admin.port, head)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('a simple health checker without Host is let in', async () => {
    await using admin = await startAdmin();
    expect(await raw(admin.port, 'GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('with a wildcard bind, addresses and the name of the machine are let in, other names are not', async () => {
    await using admin = await startAdmin({ bind: '0.0.0.0:0', token: 'long-enough' });
    const statusFor = async (host: string): Promise<number> =>
      (await ask(admin.port, 'GET', '/healthz', { headers: { host } })).status;
    expect(await statusFor('192.0.2.7:9090')).toBe(200);
    expect(await statusFor(hostname())).toBe(200);
    expect(await statusFor('evil.example')).toBe(403);
  });

  test.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  ])('a change with %j is refused: cross-site', async (headers) => {
    await using admin = await startAdmin();
    expect((await ask(admin.port, 'POST', '/api/v1/reload', { headers })).status).toBe(403);
    expect(admin.asked).toEqual([]);
  });

  test('a cross-site read is refused, but a link from elsewhere may be followed', async () => {
    await using admin = await startAdmin();
    const cross = { 'sec-fetch-site': 'cross-site' };
    const link = { ...cross, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect((await ask(admin.port, 'GET', '/metrics', { headers: cross })).status).toBe(403);
    expect((await ask(admin.port, 'GET', '/metrics', { headers: link })).status).toBe(200);
  });

  test('a page of our own may make changes', async () => {
    await using admin = await startAdmin();
    const host = `127.0.0.1:${admin.port}`;
    const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    expect((await ask(admin.port, 'POST', '/api/v1/reload', { headers })).status).toBe(200);
  });

  test('a token is asked for on every path but /healthz and /readyz', async () => {
    await using admin = await startAdmin({ token: 'long-enough' });
    for (const path of ['/', '/metrics', '/api/v1/status', '/nothing']) {
      const answer = await ask(admin.port, 'GET', path);
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="lbctl"');
    }
    for (const path of ['/healthz', '/readyz'])
      expect((await ask(admin.port, 'GET', path)).status).toBe(200);
  });

  test.each([
    ['Bearer long-enough', 200],
    ['bearer long-enough', 200],
    ['Bearer long-enougH', 401],
    ['Bearer long', 401],
    ['Bearer ', 401],
    ['Basic long-enough', 401],
  ])('Authorization: %s is %i', async (authorization, status) => {
    await using admin = await startAdmin({ token: 'long-enough' });
    const answer = await ask(admin.port, 'GET', '/api/v1/status', { headers: { authorization } });
    expect(answer.status).toBe(status);
  });

  test('the unix socket asks for neither token nor Host', async () => {
    await using admin = await startAdmin({ token: 'long-enough' });
    const headers = { host: 'anything.example' };
    const answer = await ask(admin.socketPath, 'GET', '/api/v1/status', { headers });
    expect(answer.status).toBe(200);
  });

  test('an address that others can reach is not opened without a token', async () => {
    await using admin = await startAdmin();
    await expect(admin.server.listenTcp('0.0.0.0:0', null)).rejects.toThrow('a token is required');
  });
});
