/** Clients that do not take their answer: held for as long as bodies may pause, and no longer. */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { accessLines } from '../support/access-lines.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { connectRaw, GET } from '../support/raw-peer.ts';
import { scriptedBackend, type ScriptedBackend } from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const MIB = 1024 * 1024;
const TOTAL = 64 * MIB;
const LIMITS = '{ bodyIdleTimeout: 1s }';

/** Sends an answer that no buffer on the way can hold, as fast as it is taken. */
function pouringBackend(): Promise<ScriptedBackend> {
  const block = Buffer.alloc(256 * 1024, 'abcdefgh');
  return scriptedBackend(async (peer) => {
    await peer.takeHead();
    peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${TOTAL}\r\n\r\n`);
    let sent = 0;
    const pour = (): void => {
      while (sent < TOTAL) {
        sent += block.length;
        if (!peer.socket.write(block)) return;
      }
    };
    peer.socket.on('drain', pour);
    pour();
  });
}

describe('a client that does not take its answer', () => {
  test('is cut off after bodyIdleTimeout, and the backend is left', async () => {
    await using log = await accessLines();
    await using backend = await pouringBackend();
    await using worker = await startWorker(log.yaml + poolYaml([backend.url]), LIMITS);
    using client = await connectRaw(worker.port);
    client.send(GET);
    await client.takeHead();

    client.socket.pause();
    await backend.peers[0]?.untilClosed();

    expect(await log.atLeast(1)).toMatchObject([{ status: 499, reason: 'client_closed' }]);
  });

  test('is served for as long as it takes some of it now and then', async () => {
    await using backend = await pouringBackend();
    await using worker = await startWorker(poolYaml([backend.url]), LIMITS);
    using client = await connectRaw(worker.port);
    let received = 0;
    const endMs = performance.now() + 2_500;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      client.socket.pause();
      // In 2.5 seconds, two of the deadlines, a part of the whole; the rest at once.
      if (performance.now() > endMs) client.socket.resume();
      else void pause(2).then(() => client.socket.resume());
    });
    client.send(GET);

    await once(client.socket, 'end');

    expect(performance.now()).toBeGreaterThan(endMs - 1_000);
    expect(received).toBeGreaterThan(TOTAL);
  });
});
