/** Where an answer ends: nothing of it is in the next, and one that comes early does no harm. */
import http from 'node:http';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw, GET } from '../support/raw-peer.ts';
import { answers, ok, scriptedBackend } from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const HEAD = 'HEAD / HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n';
const KEPT_GET = 'GET / HTTP/1.1\r\nHost: site\r\n\r\n';

describe('bytes behind an answer', () => {
  const POISON = 'HTTP/1.1 200 POISON\r\nContent-Length: 6\r\n\r\npoison';

  test.each([
    ['a whole answer', POISON],
    ['half an answer', 'HTTP/1.1 200 POI'],
    ['garbage', '\0\0\0\0'],
    ['an interim answer', 'HTTP/1.1 103 Early Hints\r\nLink: </p>; rel=preload\r\n\r\n'],
  ])('%s: no later client sees them', async (_what, extra) => {
    await using backend = await scriptedBackend([answers(ok('ok') + extra), answers(ok('clean'))]);
    await using worker = await startWorker(poolYaml([backend.url]));

    const first = await askOnce(worker.port, GET);
    const second = await askOnce(worker.port, GET);
    const third = await askOnce(worker.port, GET);

    expect(first).toMatchObject({ status: 200, body: Buffer.from('ok') });
    expect(second.body.toString()).not.toContain('poison');
    expect(second.startLine).toBe('HTTP/1.1 200 OK');
    expect(third.body.toString()).toMatch(/^(ok|clean)$/);
  });

  test('that come while the connection is idle: it is not used again', async () => {
    await using backend = await scriptedBackend([answers(ok('ok')), answers(ok('clean'))]);
    await using worker = await startWorker(poolYaml([backend.url]));
    await askOnce(worker.port, GET);

    backend.peers[0]?.send(POISON);
    await backend.peers[0]?.untilEnded();

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('clean');
  });

  test.each([
    ['204', GET, false],
    ['304', GET, false],
    ['200', HEAD, true],
  ])('%s with a body it cannot have: the body is ignored', async (status, request, isHead) => {
    const withBody = `HTTP/1.1 ${status} S\r\nContent-Length: 6\r\n\r\npoison`;
    await using backend = await scriptedBackend([answers(withBody), answers(ok('clean'))]);
    await using worker = await startWorker(poolYaml([backend.url]));

    const first = await askOnce(worker.port, request, isHead);
    const second = await askOnce(worker.port, GET);

    expect(first.status).toBe(Number(status));
    expect(first.size).toBe(
      first.startLine.length +
        first.fields.map(([n, v]) => n.length + v.length + 4).reduce((a, b) => a + b, 0) +
        4,
    );
    expect(second.body.toString()).toBe('clean');
  });
});

const EARLY = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig';

describe('an answer that comes before the request is whole', () => {
  test('may come before any of the body', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeHead();
      peer.send(EARLY);
    });
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);

    client.send('POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 100000\r\n\r\n');

    expect((await client.takeMessage())?.startLine).toContain('413');
  });

  test('is passed on, the rest is not sent, and the connection to the backend ends', async () => {
    await using backend = await scriptedBackend([
      async (peer) => {
        await peer.takeHead();
        peer.send(EARLY);
      },
      answers(ok('next')),
    ]);
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send('POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 100000\r\n\r\nstart');

    const answer = await client.takeMessage();
    await backend.peers[0]?.untilEnded();
    const received = backend.peers[0]?.bytes.length ?? 0;
    client.send('x'.repeat(100_000 - 5));
    client.send(KEPT_GET);
    const next = await Promise.race([client.takeMessage(), client.untilEnded()]);

    expect(answer?.startLine).toContain('413');
    expect(received).toBeLessThanOrEqual(5);
    // Either the connection is at a message boundary and serves, or it is closed.
    expect(['next', undefined]).toContain(next?.body.toString());
  });

  test('reaches a client that goes on sending far more than anybody reads', async () => {
    await using backend = await scriptedBackend([
      async (peer) => {
        await peer.takeHead();
        peer.send(EARLY);
      },
      answers(ok('next')),
    ]);
    await using worker = await startWorker(poolYaml([backend.url]));
    const agent = new http.Agent({ keepAlive: true });
    const upload = http.request({ port: worker.port, host: '127.0.0.1', agent, method: 'POST' });
    const answered = once(upload, 'response') as Promise<[http.IncomingMessage]>;
    const failed = new Promise((resolve) => upload.on('error', resolve));
    const block = Buffer.alloc(64 * 1024);
    const pump = (): void => {
      while (!upload.destroyed && upload.write(block));
      upload.once('drain', pump);
    };
    pump();

    const [response] = await answered;
    response.resume();
    await failed;
    agent.destroy();

    expect(response.statusCode).toBe(413);
    expect((await askOnce(worker.port, GET)).body.toString()).toBe('next');
  });

  test('serves the next request on the same connection when the rest comes after all', async () => {
    await using backend = await scriptedBackend([
      async (peer) => {
        await peer.takeHead();
        peer.send(EARLY);
      },
      answers(ok('next')),
    ]);
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send('POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 10\r\n\r\nstart');
    await client.takeMessage();

    client.send(`-rest${KEPT_GET}`);
    const next = await client.takeMessage();

    expect(next?.body.toString()).toBe('next');
  });
});
