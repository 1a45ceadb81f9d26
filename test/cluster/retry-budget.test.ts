/** The budget of retries over two workers. */
import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { startLbctl } from '../support/lbctl.ts';

/** Refuses each request with 503, and keeps the retry of it waiting. */
async function startBackend(): Promise<
  AsyncDisposable & { readonly url: string; readonly waiting: readonly ServerResponse[] }
> {
  const seen = new Set<unknown>();
  const waiting: ServerResponse[] = [];
  const server = createServer(({ headers, url }, response) => {
    const id = headers['x-request-id'];
    if (url === '/health') response.end();
    else if (seen.has(id)) waiting.push(response);
    else response.writeHead(503).end('busy');
    seen.add(id);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    waiting,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('is one for both: what one has taken, the other does not have', async () => {
  await using backend = await startBackend();
  // Connections are dealt to the workers in turn, and fetch keeps none that waits for its answer.
  await using lb = await startLbctl(`
workers: 2
listeners: [{ bind: 127.0.0.1:0, accept: round-robin }]
pools:
  web:
    backends: ["${backend.url}"]
    retries: { on: [503], budget: { percent: 0, min: 6 }, backoff: { base: 1ms, max: 1ms } }
`);
  const leave = new AbortController();
  const ask = async (): Promise<number> => {
    const headers = { Connection: 'close' };
    const { signal } = leave;
    return (await fetch(`http://127.0.0.1:${lb.port}/`, { headers, signal })).status;
  };
  const first: Promise<unknown>[] = [];
  for (let count = 1; count <= 6; count++) {
    first.push(ask().catch(() => undefined));
    await eventually(() => expect(backend.waiting.length).toBe(count));
  }
  await eventually(async () => expect(await lb.metric('lb_retries_total', 'reason="503"')).toBe(6));
  // Every 50 ms workers say what they have taken; a command that asks them all takes longer.
  await lb.run('reload');

  const statuses = [];
  for (let i = 0; i < 8; i++) statuses.push(await ask());

  expect(statuses).toEqual(Array.from({ length: 8 }, () => 503));
  expect(backend.waiting.length).toBe(6);
  expect(await lb.metric('lb_retries_refused_total', 'reason="no_backend"')).toBe(0);

  leave.abort();
  await Promise.all(first);
  await eventually(async () => expect(await lb.metric('lb_backend_in_flight')).toBe(0));
});
