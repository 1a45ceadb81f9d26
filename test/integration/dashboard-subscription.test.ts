import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { Api, LoginNeeded, Refused } from '@lb/primary/dashboard/api/api';
import type { ServerSentEvent } from '@lb/primary/dashboard/api/server-sent-events';
import { reconnectDelayMs, Subscription } from '@lb/primary/dashboard/live/subscription';
import { eventually } from '../support/eventually.ts';

type Handle = (response: ServerResponse, request: IncomingMessage, count: number) => void;

/** A server that answers each request by a script, and a subscription to it that waits for hardly anything. */
async function subscribed(handle: Handle, silenceMs = 5_000) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    handle(response, request, asked.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const events: ServerSentEvent[] = [];
  const troubles: string[] = [];
  const subscription = new Subscription({
    api: new Api((path, init) => fetch(`http://127.0.0.1:${port}${path}`, init)),
    path: '/stream',
    silenceMs,
    onEvent: (event) => events.push(event),
    onTrouble: (trouble) => troubles.push(trouble),
    random: () => 0,
  });
  subscription.start();
  return {
    asked,
    events,
    troubles,
    async [Symbol.asyncDispose]() {
      subscription.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const stream = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream' });

describe('dashboard: a subscription', () => {
  test('gets each event, however the bytes arrive, and skips signs of life', async () => {
    await using subscription = await subscribed((response) => {
      stream(response);
      for (const byte of Buffer.from(': hello\n\nid: 7\nevent: a\ndata: {"x":"é"}\ndata: 2\n\n'))
        response.write(Buffer.from([byte]));
    });
    await eventually(() => expect(subscription.events).toHaveLength(1));
    expect(subscription.events).toEqual([{ id: '7', name: 'a', data: '{"x":"é"}\n2' }]);
  });

  test('is opened again when it ends, and says what came last', async () => {
    await using subscription = await subscribed((response, _, count) => {
      stream(response).write(`id: ${count}\ndata: ${count}\n\n`);
      if (count === 1) response.end();
    });
    await eventually(() => expect(subscription.events).toHaveLength(2));
    const [first, second] = subscription.asked.map(({ headers }) => headers['last-event-id']);
    expect([first, second]).toEqual([undefined, '1']);
    expect(subscription.troubles).toEqual(['away']);
  });

  test('is opened again when nothing comes any more', async () => {
    await using subscription = await subscribed((response, _, count) => {
      stream(response).write(`data: ${count}\n\n`);
    }, 50);
    await eventually(() => expect(subscription.events.length).toBeGreaterThan(1));
    expect(subscription.troubles[0]).toBe('away');
  });

  test('is opened again after a refusal that is not about the token', async () => {
    await using subscription = await subscribed((response, _, count) => {
      if (count === 1) response.writeHead(503).end();
      else stream(response).write('data: 1\n\n');
    });
    await eventually(() => expect(subscription.events).toHaveLength(1));
  });

  test('is over when a login is needed', async () => {
    await using subscription = await subscribed((response) => {
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"a token"}');
    });
    await eventually(() => expect(subscription.troubles).toEqual(['login']));
    expect(subscription.asked).toHaveLength(1);
  });

  test('waits longer after each failure, and never more than five seconds', () => {
    const delays = [1, 2, 3, 4, 5, 50].map((failures) => reconnectDelayMs(failures, () => 1));
    expect(delays).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    expect(reconnectDelayMs(1, () => 0)).toBe(250);
  });
});

describe('dashboard: the API', () => {
  const apiTo = (status: number, body: string): Api =>
    new Api(() => Promise.resolve(new Response(body, { status })));

  test.each([
    [401, '{"error":"a token"}', LoginNeeded, 'a token'],
    [409, '{"error":"a guard"}', Refused, 'a guard'],
    [502, '<html>', Refused, 'the instance answered 502'],
  ])('%i with %s is told as what it is', async (status, body, kind, message) => {
    const asked = apiTo(status, body).get('/api/v1/status');
    await expect(asked).rejects.toBeInstanceOf(kind);
    await expect(asked).rejects.toThrow(message);
  });

  test('every mistake of a refused configuration is kept', async () => {
    const errors = [{ path: 'pools', line: 1, column: 1, message: 'x', hint: null }];
    const asked = apiTo(422, JSON.stringify({ errors })).change('POST', '/api/v1/reload', {});
    await expect(asked).rejects.toMatchObject({ status: 422, errors });
  });
});
