import { createServer, type RequestListener } from 'node:http';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { probeBackend } from '@lb/primary/internal/health/probes/probe-backend';
import { probeTarget } from '@lb/primary/internal/health/probes/probe-target';
import type { ProbeResult, ProbeTarget } from '@lb/primary/internal/health/probes/probe';
import { pool as poolSchema } from '@lb/shared/config/schema/pool';
import { ClientContexts } from '@lb/shared/net/client-tls';
import { systemClock } from '@lb/shared/time/clock';
import { DEFAULT_TLS } from '../support/default-tls.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function listen(server: Server, path?: string): Promise<{ port: number; open: Set<Socket> }> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
  });
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path });
  await once(server, 'listening');
  cleanups.push(async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  return {
    port: typeof address === 'string' ? 0 : (address?.port ?? 0),
    open,
  };
}

const http = (listener: RequestListener, path?: string) => listen(createServer(listener), path);
const raw = (answer: string) =>
  listen(createTcpServer((socket) => socket.once('data', () => socket.end(answer))));

function targetOf(url: string, { healthCheck }: ReturnType<typeof poolSchema.parse>): ProbeTarget {
  return probeTarget({ name: 'web', healthCheck, tls: DEFAULT_TLS }, url, new ClientContexts());
}

function probe(where: number | string, healthCheck: object = {}): Promise<ProbeResult> {
  const url = typeof where === 'string' ? where : `http://127.0.0.1:${where}`;
  const parsed = poolSchema.parse({ backends: [url], healthCheck });
  const { timeout: timeoutMs } = parsed.healthCheck;
  return probeBackend(targetOf(url, parsed), { timeoutMs, clock: systemClock });
}

async function unusedPort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves when the last connection is closed; a reset is one way to close. */
async function allClosed(open: Set<Socket>): Promise<void> {
  await Promise.all(
    [...open].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
  );
}

describe('http probe', () => {
  test('asks for the path with the backend as Host and a connection of its own', async () => {
    let seen = '';
    const { port } = await http((request, response) => {
      const { host, connection } = request.headers;
      seen = `${request.method} ${request.url} ${host} ${connection}`;
      response.end();
    });
    expect(await probe(port)).toMatchObject({ ok: true, detail: 'status 200' });
    expect(seen).toBe(`GET /health 127.0.0.1:${port} close`);
  });

  test('uses method, host and port of the health check', async () => {
    let seen = '';
    const { port } = await http((request, response) => {
      seen = `${request.method} ${request.headers.host}`;
      response.end();
    });
    const result = await probe('http://127.0.0.1:1', { method: 'HEAD', host: 'app.example', port });
    expect(result.ok).toBe(true);
    expect(seen).toBe('HEAD app.example');
  });

  test('probes a backend on a unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'probe-'));
    cleanups.push(() => rm(directory, { recursive: true }));
    await http((_request, response) => response.end(), join(directory, 'app.sock'));
    expect(await probe(`unix:${join(directory, 'app.sock')}`)).toMatchObject({ ok: true });
    expect(await probe(`unix:${join(directory, 'none.sock')}`)).toMatchObject({
      ok: false,
      detail: 'socket does not exist',
    });
  });

  test.each([
    [503, '200-399', false],
    [302, '200-399', true],
    [302, '200', false],
    [418, '200,204,410-420', true],
  ])('status %i against %s is %p', async (status, expected, ok) => {
    const { port } = await http((_request, response) =>
      response.writeHead(status, { location: '/elsewhere' }).end(),
    );
    expect(await probe(port, { expect: { status: expected } })).toMatchObject({
      ok,
      detail: `status ${status}`,
    });
  });

  test('finds a text that is split over two chunks of the body', async () => {
    const { port } = await http((_request, response) => {
      response.write('all is he');
      setImmediate(() => response.end('althy'));
    });
    expect(await probe(port, { expect: { body: 'healthy' } })).toMatchObject({ ok: true });
  });

  test('fails when the body does not contain the text', async () => {
    const { port } = await http((_request, response) => response.end('starting'));
    expect(await probe(port, { expect: { body: 'healthy' } })).toMatchObject({
      ok: false,
      detail: 'body does not contain "healthy"',
    });
  });

  test('reads no more than 64 KiB of an endless body', async () => {
    const { port, open } = await http((_request, response) => {
      const pour = (): void => {
        while (response.writable && response.write('x'.repeat(16_384)));
      };
      response.on('drain', pour);
      pour();
    });
    expect(await probe(port, { expect: { body: 'healthy' } })).toMatchObject({
      ok: false,
      detail: 'body does not contain "healthy" in its first 64 KiB',
    });
    await allClosed(open);
  });

  test('does not wait for a body it does not need', async () => {
    const { port, open } = await http((_request, response) => {
      response.writeHead(200);
      response.flushHeaders();
    });
    expect(await probe(port)).toMatchObject({ ok: true });
    await allClosed(open);
  });

  test('fails on a body that is cut', async () => {
    const { port } = await raw('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhea');
    expect(await probe(port, { expect: { body: 'healthy' } })).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/^answer was cut/) as unknown as string,
    });
  });

  test('says that a connection was refused', async () => {
    expect(await probe(await unusedPort())).toMatchObject({
      ok: false,
      detail: 'connection refused',
    });
  });

  test.each([
    ['no answer at all', ''],
    ['a head that never ends', 'HTTP/1.1 200 OK\r\n'],
    ['a body that never comes', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'],
  ])('gives up after the timeout on %s', async (_case, answer) => {
    const server = createTcpServer((socket) => socket.once('data', () => socket.write(answer)));
    const { port, open } = await listen(server);
    const result = await probe(port, { timeout: '50ms', expect: { body: 'healthy' } });
    expect(result).toMatchObject({ ok: false, detail: 'timeout after 50ms' });
    await allClosed(open);
  });

  test.each([
    ['another protocol', '220 mail.example ESMTP\r\n', 'the answer is not HTTP'],
    ['nothing', '', 'connection closed without an answer'],
    [
      'an endless head',
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`,
      'head of the answer is too large',
    ],
  ])('an answer that is %s is a failure', async (_case, answer, detail) => {
    const { port } = await raw(answer);
    expect(await probe(port)).toMatchObject({ ok: false, detail });
  });

  test('an upgrade that nobody asked for is judged by its status', async () => {
    const { port } = await raw('HTTP/1.1 101 Sure\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
    expect(await probe(port)).toMatchObject({ ok: false, detail: 'status 101' });
  });

  test('a health check that cannot be sent is a failure', async () => {
    expect(await probe(await unusedPort(), { host: 'a\r\nb' })).toMatchObject({ ok: false });
  });

  test('ends early when it is abandoned', async () => {
    const { port, open } = await listen(createTcpServer());
    const parsed = poolSchema.parse({ backends: [`http://127.0.0.1:${port}`] });
    const abort = new AbortController();
    const deadline = { timeoutMs: 20_000, clock: systemClock, signal: abort.signal };
    const result = probeBackend(targetOf(`http://127.0.0.1:${port}`, parsed), deadline);
    abort.abort();
    expect(await result).toMatchObject({ ok: false, detail: 'abandoned' });
    await allClosed(open);
  });
});

describe('tcp probe', () => {
  test('is healthy when a connection can be made, and closes it', async () => {
    const { port, open } = await listen(createTcpServer((socket) => socket.resume()));
    expect(await probe(port, { type: 'tcp' })).toMatchObject({ ok: true, detail: 'connected' });
    await allClosed(open);
  });

  test('uses the port of the health check', async () => {
    const { port } = await listen(createTcpServer((socket) => socket.resume()));
    expect(await probe('http://127.0.0.1:1', { type: 'tcp', port })).toMatchObject({ ok: true });
  });

  test('says that a connection was refused', async () => {
    expect(await probe(await unusedPort(), { type: 'tcp' })).toMatchObject({
      ok: false,
      detail: 'connection refused',
    });
  });
});
