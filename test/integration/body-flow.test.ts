/** Bodies as they flow: with backpressure and bounded memory both ways, at once, and framed so that one stays one. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { eventually, reaches, settled } from '../support/eventually.ts';
import { parseMessage, valueOf } from '../support/http-message.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw, GET, type RawPeer } from '../support/raw-peer.ts';
import { answers, ok, scriptedBackend } from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const MIB = 1024 * 1024;
const TOTAL = 64 * MIB;
/** What the kernel and the streams of both connections may hold: far from the whole, however they are tuned. */
const HELD = 32 * MIB;
const BLOCK = Buffer.alloc(256 * 1024, 'abcdefgh');

/** Counts and hashes without keeping. */
class Meter {
  bytes = 0;
  readonly #hash = createHash('sha256');

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#hash.update(chunk);
  }

  get digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

/** Writes the whole, never more than the other side takes. */
async function pour(socket: Socket, meter: Meter): Promise<void> {
  while (meter.bytes < TOTAL) {
    meter.add(BLOCK);
    if (!socket.write(BLOCK)) await once(socket, 'drain');
  }
}

/** Takes the head, then meters what follows instead of keeping it. */
async function meterBody(peer: RawPeer, meter: Meter): Promise<string> {
  const head = (await peer.takeHead()) ?? '';
  meter.add(peer.bytes);
  peer.socket.removeAllListeners('data');
  peer.socket.on('data', (chunk: Buffer) => meter.add(chunk));
  return head;
}

/** The deadlines of these tests are a second: who is made to wait is not late. */
const LONGER_THAN_DEADLINES_MS = 1_200;

describe('64 MiB', () => {
  test('to a client that does not read: the backend is held back; then all of it arrives', async () => {
    const sent = new Meter();
    const received = new Meter();
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeHead();
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${TOTAL}\r\n\r\n`);
      await pour(peer.socket, sent);
    });
    // The client's silence is longer than the deadline between two chunks: the backend is not to blame for it.
    await using worker = await startWorker(poolYaml([backend.url], { timeouts: { idle: '1s' } }));
    using client = await connectRaw(worker.port);
    client.send(GET);
    await meterBody(client, received);
    client.socket.pause();

    const heldBack = await settled(() => sent.bytes, LONGER_THAN_DEADLINES_MS);
    client.socket.resume();
    await reaches(() => received.bytes, TOTAL);

    expect(heldBack).toBeLessThan(HELD);
    expect(received.digest).toBe(sent.digest);
  });

  test('to a client that does not read, in pieces that come one by one: the backend is held back', async () => {
    const sent = new Meter();
    const received = new Meter();
    const piece = Buffer.alloc(8 * 1024, 'abcdefgh');
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeHead();
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${TOTAL}\r\n\r\n`);
      while (sent.bytes < TOTAL) {
        sent.add(piece);
        if (!peer.socket.write(piece)) await once(peer.socket, 'drain');
        await nextTurn();
      }
    });
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(GET);
    await meterBody(client, received);
    client.socket.pause();

    const heldBack = await settled(() => sent.bytes);
    client.socket.resume();
    await reaches(() => received.bytes, TOTAL);

    expect(heldBack).toBeLessThan(HELD);
  });

  test('with a maxBody of 0, to a backend that does not read: the client is held back; then all of it arrives', async () => {
    const sent = new Meter();
    const received = new Meter();
    await using backend = await scriptedBackend(async (peer) => {
      await meterBody(peer, received);
      peer.socket.pause();
    });
    await using worker = await startWorker(
      poolYaml([backend.url]),
      '{ maxBody: 0B, bodyIdleTimeout: 1s }',
    );
    using client = await connectRaw(worker.port);
    client.send(`POST / HTTP/1.1\r\nHost: s\r\nContent-Length: ${TOTAL}\r\n\r\n`);
    const pouring = pour(client.socket, sent);

    const heldBack = await settled(() => sent.bytes, LONGER_THAN_DEADLINES_MS);
    backend.peers[0]?.socket.resume();
    await pouring;
    await reaches(() => received.bytes, TOTAL);
    backend.peers[0]?.send(ok('thanks'));
    const answer = await client.takeMessage();

    expect(heldBack).toBeLessThan(HELD);
    expect(answer?.body.toString()).toBe('thanks');
    expect(received.digest).toBe(sent.digest);
  });
});

describe('streaming', () => {
  test('a chunk of a request reaches the backend before the next is sent', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.untilText('third');
      peer.send(ok('done'));
    });
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send('POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n');

    for (const part of ['first', 'other', 'third']) {
      client.send(`5\r\n${part}\r\n`);
      await eventually(() => expect(backend.peers).toHaveLength(1));
      await backend.peers[0]?.untilText(part);
    }
    client.send('0\r\n\r\n');

    expect((await client.takeMessage())?.body.toString()).toBe('done');
  });

  test('both ways at once: the answer begins while the request goes on', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeHead();
      peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (const part of ['ping1', 'ping2', 'ping3']) {
        await peer.untilText(part);
        peer.send(`5\r\npong${part.slice(-1)}\r\n`);
      }
      peer.send('0\r\n\r\n');
    });
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send('POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n');

    for (const n of [1, 2, 3]) {
      client.send(`5\r\nping${n}\r\n`);
      await client.untilText(`pong${n}`);
    }
    client.send('0\r\n\r\n');

    expect((await client.takeMessage())?.body.toString()).toBe('pong1pong2pong3');
  });
});

describe('framing of a request', () => {
  const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: s\r\n\r\n';

  test.each(['GET', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'PATCH'])(
    '%s with a chunked body that looks like a request stays one request',
    async (method) => {
      await using backend = await scriptedBackend(async (peer) => {
        for (let count = 1; ; count++) {
          const request = await peer.takeMessage();
          if (request === undefined) return;
          peer.send(ok(`${count} ${request.framing} ${request.body.toString()}`));
        }
      });
      await using worker = await startWorker(poolYaml([backend.url]));

      const answer = await askOnce(
        worker.port,
        `${method} / HTTP/1.1\r\nHost: s\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n` +
          `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
      );
      const next = await askOnce(worker.port, GET);

      expect(answer.body.toString()).toBe(`1 chunked ${SMUGGLED}`);
      expect(next.body.toString()).toBe('2 none ');
    },
  );

  test.each(['POST', 'PUT', 'DELETE'])('%s with Content-Length: 0 keeps it', async (method) => {
    await using backend = await scriptedBackend(async (peer) => {
      const request = await peer.takeMessage();
      peer.send(ok(valueOf(request?.fields ?? [], 'content-length') ?? 'none'));
    });
    await using worker = await startWorker(poolYaml([backend.url]));

    const answer = await askOnce(
      worker.port,
      `${method} / HTTP/1.1\r\nHost: s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );

    expect(answer.body.toString()).toBe('0');
  });

  test.each([
    ['a counted body', 'Content-Length: 4\r\n\r\nbody'],
    ['a chunked body', 'Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n'],
  ])('%s of a GET passes', async (_what, rest) => {
    await using backend = await scriptedBackend(async (peer) => {
      peer.send(ok(`got ${(await peer.takeMessage())?.body.toString()}`));
    });
    await using worker = await startWorker(poolYaml([backend.url]));

    const answer = await askOnce(
      worker.port,
      `GET / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n${rest}`,
    );

    expect(answer.body.toString()).toBe('got body');
  });

  test('chunk extensions are not passed on', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.untilText('0\r\n\r\n');
      peer.send(ok(peer.text.includes('evil') ? 'passed' : 'dropped'));
    });
    await using worker = await startWorker(poolYaml([backend.url]));

    const answer = await askOnce(
      worker.port,
      'POST / HTTP/1.1\r\nHost: s\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '4;evil=1\r\nbody\r\n0\r\n\r\n',
    );

    expect(answer.body.toString()).toBe('dropped');
  });
});

test('a body that grows above maxBody: 413, and the backend never sees its end', async () => {
  await using backend = await scriptedBackend([
    async (peer) => {
      await peer.untilEnded();
    },
    answers(ok('well')),
  ]);
  await using worker = await startWorker(poolYaml([backend.url]), '{ maxBody: 8B }');
  using client = await connectRaw(worker.port);

  client.send('POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n');
  client.send('6\r\nghijkl\r\n0\r\n\r\n');
  const answer = await client.takeMessage();
  await backend.peers[0]?.untilEnded();

  expect(answer?.startLine).toContain(' 413 ');
  expect(parseMessage(backend.peers[0]?.bytes ?? Buffer.alloc(0))?.isComplete ?? false).toBe(false);
});
