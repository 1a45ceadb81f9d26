import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { AdminClient, AdminRefused, AdminUnreachable } from '@lb/shared/admin-api/client';
import type { StatusReply, StopReply } from '@lb/shared/admin-api/contract';
import { startAdmin, STATUS } from '../support/admin-fixture.ts';

describe('admin client', () => {
  test('asks over the unix socket', async () => {
    await using admin = await startAdmin({ token: 'long-enough' });
    const client = new AdminClient({ socketPath: admin.socketPath });
    expect(await client.get<StatusReply>('/api/v1/status')).toEqual(STATUS);
  });

  test('asks over TCP with a token', async () => {
    await using admin = await startAdmin({ token: 'long-enough' });
    const client = new AdminClient({ url: `http://127.0.0.1:${admin.port}`, token: 'long-enough' });
    expect(await client.get<StatusReply>('/api/v1/status')).toEqual(STATUS);
  });

  test('sends the body of a change', async () => {
    await using admin = await startAdmin();
    const client = new AdminClient({ socketPath: admin.socketPath });
    const answer = await client.post<StopReply>('/api/v1/stop', { timeoutMs: 500 });
    expect(answer).toEqual({ status: 202, body: { draining: true } });
    expect(admin.asked).toContain('stop 500');
  });

  test('a change that is invalid is an answer', async () => {
    const errors = [{ path: 'pools', line: 1, column: 2, message: 'no pool', hint: null }];
    const reload = () => Promise.resolve({ ok: false as const, errors });
    await using admin = await startAdmin({ over: { reload } });
    const client = new AdminClient({ socketPath: admin.socketPath });
    expect(await client.post('/api/v1/reload')).toEqual({ status: 422, body: { errors } });
  });

  test('a refusal carries status and body', async () => {
    await using admin = await startAdmin({ token: 'long-enough' });
    const client = new AdminClient({ url: `http://127.0.0.1:${admin.port}`, token: 'wrong' });
    const refused = client.get('/api/v1/status');
    await expect(refused).rejects.toBeInstanceOf(AdminRefused);
    await expect(refused).rejects.toMatchObject({
      status: 401,
      body: { error: 'a bearer token is required' },
      message: 'a bearer token is required (401)',
    });
  });

  test('tells that no socket is there', async () => {
    await using admin = await startAdmin();
    const client = new AdminClient({ socketPath: join(admin.directory, 'none.sock') });
    const unreachable = client.get('/api/v1/status');
    await expect(unreachable).rejects.toBeInstanceOf(AdminUnreachable);
    await expect(unreachable).rejects.toMatchObject({ reason: 'missing' });
  });

  test('tells that nobody listens', async () => {
    await using admin = await startAdmin();
    await admin.server.close();
    const client = new AdminClient({ url: `http://127.0.0.1:${admin.port}` });
    await expect(client.post('/api/v1/reload')).rejects.toMatchObject({ reason: 'refused' });
  });

  test.each([
    ['nothing', ''],
    ['half an answer', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a"'],
  ])('gives up on an instance that says %s', async (_case, said) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).resume();
      socket.write(said);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = new AdminClient({ url: `http://127.0.0.1:${port}` });
    await expect(client.get('/', 50)).rejects.toMatchObject({
      reason: 'timeout',
      message: `http://127.0.0.1:${port}: no answer within 50ms`,
    });
    server.close();
    await once(server, 'close');
  });

  test('an answer that is cut is no answer', async () => {
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a"';
    const server = createServer((socket) => socket.resume().end(answer)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = new AdminClient({ url: `http://127.0.0.1:${port}` });
    await expect(client.get('/')).rejects.toMatchObject({ reason: 'broken' });
    server.close();
    await once(server, 'close');
  });
});
