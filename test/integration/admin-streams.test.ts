/** Server-sent events of the admin server: statistics and events. */
import { describe, expect, test } from '@jest/globals';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { AdminClient } from '@lb/shared/admin-api/client';
import type { EventReply } from '@lb/shared/admin-api/statistics';
import type { AdminContext } from '@lb/primary/internal/admin/context';
import { EventRing } from '@lb/primary/internal/events/event-ring';
import { ask, startAdmin } from '../support/admin-fixture.ts';
import { eventually } from '../support/eventually.ts';

/** An open answer, and what has come of it. */
function openStream(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ readonly answer: IncomingMessage; text(): string; close(): void }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, headers, agent: false });
    request.on('error', reject);
    request.on('response', (answer) => {
      let text = '';
      answer.on('error', () => undefined);
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      resolve({ answer, text: () => text, close: () => request.destroy() });
    });
    request.end();
  });
}

function withRing(count: number) {
  const ring = new EventRing(() => Date.now());
  const add = (message: string): void =>
    ring.add({ type: 'reload', level: 'info', message, facts: {} });
  for (let event = 0; event < count; event++) add(`event ${event}`);
  const over: Partial<AdminContext> = {
    events: (since) => ring.since(since),
    watchEvents: (watcher) => ring.watch(watcher),
  };
  const ids = ring.since({ afterId: 0 }).map(({ id }) => id);
  return { over, add, ids };
}

const messagesIn = (text: string): string[] =>
  [...text.matchAll(/^data: (.*)$/gm)].map(
    ([, data = '']) => (JSON.parse(data) as EventReply).message,
  );

describe('the stream of events', () => {
  test.each([
    ['nothing without since', '', []],
    ['all that is kept with since=0', '?since=0', ['event 0', 'event 1', 'event 2']],
    ['all that is kept with an empty since', '?since=', ['event 0', 'event 1', 'event 2']],
    ['nothing from a time to come', '?since=2100-01-01', []],
  ])('replays %s, then goes on', async (_, query, replayed) => {
    const { over, add } = withRing(3);
    await using admin = await startAdmin({ over });
    const stream = await openStream(admin.port, `/api/v1/events${query}`);
    await eventually(() => expect(stream.text()).toContain('retry: '));
    add('new');
    await eventually(() => expect(messagesIn(stream.text())).toEqual([...replayed, 'new']));
    expect(stream.answer.headers['content-type']).toBe('text/event-stream');
    expect(stream.answer.headers['cache-control']).toBe('no-store');
    stream.close();
  });

  test('goes on behind the last event that a client says it had', async () => {
    const { over, ids } = withRing(3);
    await using admin = await startAdmin({ over });
    const headers = { 'Last-Event-ID': String(ids[1]) };
    const stream = await openStream(admin.port, '/api/v1/events?since=0', headers);
    await eventually(() => expect(messagesIn(stream.text())).toEqual(['event 2']));
    expect(stream.text()).toContain(`id: ${ids[2]}\n`);
    stream.close();
  });

  test('is a list for who asks for JSON, and is refused for a since that makes no sense', async () => {
    const { over } = withRing(2);
    await using admin = await startAdmin({ over });
    const headers = { Accept: 'application/json' };
    const list = await ask(admin.port, 'GET', '/api/v1/events', { headers });
    expect((JSON.parse(list.body) as { events: unknown[] }).events).toHaveLength(2);
    expect((await ask(admin.port, 'GET', '/api/v1/events?since=soon')).status).toBe(400);
  });
});

describe('a stream', () => {
  const bigSample = JSON.stringify('x'.repeat(1024 * 1024));

  /** Statistics that a test sends by hand. */
  function statistics() {
    const watchers = new Set<(sample: string) => void>();
    const over: Partial<AdminContext> = {
      watchStats: (watcher) => {
        watchers.add(watcher);
        watcher('{"first":1}');
        return () => watchers.delete(watcher);
      },
    };
    return { over, watchers };
  }

  test('gives the client of lbctl each sample, until it has enough', async () => {
    const { over, watchers } = statistics();
    await using admin = await startAdmin({ over });
    const enough = new AbortController();
    const seen: unknown[] = [];
    const client = new AdminClient({ socketPath: admin.socketPath });
    const watching = client.watch(
      '/api/v1/stats/stream',
      (sample) => {
        seen.push(sample);
        if (seen.length === 1) for (const tell of watchers) tell('{"second":2}');
        else enough.abort();
      },
      enough.signal,
    );
    await watching;
    expect(seen).toEqual([{ first: 1 }, { second: 2 }]);
    await eventually(() => expect(watchers.size).toBe(0));
  });

  test('is cut for a client that does not take what it is sent', async () => {
    const { over, watchers } = statistics();
    await using admin = await startAdmin({ over });
    const socket = connect(admin.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write('GET /api/v1/stats/stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await eventually(() => expect(watchers.size).toBe(1));
    await eventually(() => {
      for (const tell of watchers) tell(bigSample);
      expect(watchers.size).toBe(0);
    });
    socket.destroy();
  });

  test('ends at once when the server closes', async () => {
    const { over } = statistics();
    await using admin = await startAdmin({ over });
    const stream = await openStream(admin.port, '/api/v1/stats/stream');
    const ended = new Promise((resolve) => stream.answer.on('end', () => resolve('ended')));
    await admin.server.close();
    expect(await ended).toBe('ended');
  });

  test('is refused beyond 64, and other questions are answered all the same', async () => {
    const { over } = statistics();
    await using admin = await startAdmin({ over });
    const open = () => openStream(admin.port, '/api/v1/stats/stream');
    const streams = await Promise.all(Array.from({ length: 64 }, open));
    const oneMore = await open();
    expect(oneMore.answer.statusCode).toBe(503);
    expect((await ask(admin.port, 'GET', '/healthz')).status).toBe(200);
    for (const stream of streams) stream.close();
  });

  test('answers HEAD with its head alone', async () => {
    await using admin = await startAdmin();
    const { status, body } = await ask(admin.port, 'HEAD', '/api/v1/stats/stream');
    expect({ status, body }).toEqual({ status: 200, body: '' });
  });

  test('needs the token like everything else', async () => {
    await using admin = await startAdmin({ token: 'secret' });
    expect((await ask(admin.port, 'GET', '/api/v1/stats/stream')).status).toBe(401);
  });
});

test.each([
  ['seconds=0', 400],
  ['seconds=86401', 400],
  ['seconds=x', 400],
  ['route=a&pool=b', 400],
  ['backend=b', 400],
  ['route=nobody', 404],
  ['to=2026-01-01T00:00:00Z', 400],
  ['from=yesterday', 400],
  ['from=2026-01-01T00:00:00Z&step=0', 400],
  ['from=2026-01-01T00:00:00Z&seconds=60', 400],
])('a history is not given for %s', async (query, status) => {
  await using admin = await startAdmin();
  expect((await ask(admin.port, 'GET', `/api/v1/stats/history?${query}`)).status).toBe(status);
});

test.each([
  [{}, 400],
  [{ url: 'ftp://x/' }, 400],
  [{ url: '/', headers: { a: 1 } }, 400],
  [{ url: '/', clientIp: 'me' }, 400],
  [{ url: '/', verb: 'GET' }, 400],
  [{ url: '/', method: 'GET' }, 503],
])('an explanation of %j is refused with %d', async (body, status) => {
  await using admin = await startAdmin();
  const asked = { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  expect((await ask(admin.port, 'POST', '/api/v1/explain', asked)).status).toBe(status);
});
