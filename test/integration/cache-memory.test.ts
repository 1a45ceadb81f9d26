/** What is evicted while somebody needs it: its memory is others' soon, and nobody may see that. */
import net from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { type CachedFront, freshAnswer, startCached } from '../support/cached-front.ts';
import { RawClient } from '../support/raw-client.ts';
import { scriptedBackend } from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const MIB = 1024 * 1024;
const LARGE_HEAD = Buffer.from(
  `HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: ${6 * MIB}\r\n\r\n`,
);

/** What `fetchFrom` sends, as far as the cache is concerned. */
function getText({ port }: CachedFront, target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
}

async function fetchFrom({ port }: CachedFront, target: string) {
  const response = await fetch(`http://127.0.0.1:${port}${target}`);
  return { body: await response.text(), status: response.headers.get('cache-status') };
}

describe('a stored answer that is evicted', () => {
  test('is sent to its end as it was to those who read it', async () => {
    const bodyOf = (target: string): Buffer => Buffer.alloc(6 * MIB, `${target} `);
    await using lb = await startCached({
      cache: '{ maxSize: 16MiB, maxObject: 8MiB }',
      respond: ({ target }) => Buffer.concat([LARGE_HEAD, bodyOf(target)]),
    });
    await fetchFrom(lb, '/a');
    // More than the kernel takes for a client that does not read.
    const slow = net.connect({ port: lb.port, host: '127.0.0.1' });
    slow.pause();
    slow.write(getText(lb, '/a'));
    await lb.counted('hit', 1);

    for (const target of ['/b', '/c', '/d']) await fetchFrom(lb, target);
    const again = await fetchFrom(lb, '/a');
    const bytes = await buffer(slow);

    expect(again.status).toContain('fwd=uri-miss');
    expect(bytes.subarray(-6 * MIB).equals(bodyOf('/a'))).toBe(true);
  });

  test.each([
    ['while a client leaves that was reading it', 'destroy'],
    ['while a connection is reset', 'resetAndDestroy'],
  ] as const)('%s does no harm to others', async (_, leave) => {
    const bodyOf = (target: string): string => `${target} `.repeat(MIB / 3);
    await using lb = await startCached({
      cache: '{ maxSize: 3MiB, maxObject: 2MiB }',
      respond: ({ target }) => freshAnswer(bodyOf(target)),
    });
    for (let round = 0; round < 4; round++) {
      await fetchFrom(lb, '/a');
      using client = await RawClient.connect(lb.port);
      client.socket.pause();
      client.send(getText(lb, '/a'));
      await turn();
      client.socket[leave]();
      const bodies = await Promise.all(
        ['/b', '/c', '/d'].map(
          async (target) => (await fetchFrom(lb, target)).body === bodyOf(target),
        ),
      );
      expect(bodies).toEqual([true, true, true]);
    }
  });

  test('while it is validated is asked for again, whole', async () => {
    const conditions: (string | undefined)[] = [];
    await using backend = await scriptedBackend(async (peer) => {
      for (let head = await peer.takeHead(); head !== undefined; head = await peer.takeHead()) {
        const [, target = ''] = head.split(' ');
        const condition = /^if-none-match: (.*)\r$/im.exec(head)?.[1];
        if (target === '/a') conditions.push(condition);
        if (condition !== undefined) {
          // Others come, and take the place of what is being asked about.
          for (const other of ['/b', '/c']) await fetch(`http://127.0.0.1:${worker.port}${other}`);
          peer.send('HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n');
          continue;
        }
        const age = target === '/a' ? 'no-cache' : 'max-age=60';
        const body = target.repeat(100_000);
        const fields = `Cache-Control: ${age}\r\nETag: "1"\r\nContent-Length: ${body.length}`;
        peer.send(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${body}`);
      }
    });
    await using worker = await startWorker(
      `pools: { web: { backends: ["${backend.url}"] } }\n` +
        'caches: { c: { maxSize: 300KiB, maxObject: 250KiB } }\nroutes: [{ pool: web, cache: c }]\n',
    );
    const first = await fetch(`http://127.0.0.1:${worker.port}/a`);
    await first.text();
    const second = await fetch(`http://127.0.0.1:${worker.port}/a`);

    expect((await second.text()) === '/a'.repeat(100_000)).toBe(true);
    expect(conditions).toEqual([undefined, '"1"', undefined]);
  });
});
