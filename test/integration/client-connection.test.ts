/** What a client connection does with what nobody asked for: bytes ahead of their turn, bodies nobody reads, silence. */
import { describe, expect, test } from '@jest/globals';
import { accessLines } from '../support/access-lines.ts';
import { eventually, settled } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { connectRaw, type RawPeer } from '../support/raw-peer.ts';
import { ok, type Script, scriptedBackend } from '../support/scripted-backend.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

const ROUTES = `
routes:
  - { match: { paths: [/moved] }, redirect: { to: "http://a.test{uri}" } }
  - { match: { paths: [/denied] }, access: { deny: [127.0.0.0/8] }, pool: web }
  - { pool: web }
`;
const MIB = 1024 * 1024;

/** Reads heads, and answers when the test says so. */
const silent: Script = async (peer) => {
  await peer.takeHead();
};

function get(target: string, ...fields: readonly string[]): string {
  return [`GET ${target} HTTP/1.1`, 'Host: s', ...fields, '', ''].join('\r\n');
}

function post(target: string, length: number): string {
  return get(target, `Content-Length: ${length}`).replace('GET', 'POST');
}

async function connections(worker: Harness, count: number): Promise<void> {
  await eventually(() =>
    expect(metricTotal(worker.messages, 'lb_listener_connections')).toBe(count),
  );
}

/** The only connection, once it is counted. */
async function connectAlone(worker: Harness): Promise<RawPeer> {
  const peer = await connectRaw(worker.port);
  await connections(worker, 1);
  return peer;
}

/** Sends it all, as fast as it is taken. @returns how many bytes were handed to the system so far */
function pump(peer: RawPeer, pieces: readonly Buffer[]): () => number {
  let next = 0;
  let sentBytes = 0;
  const send = (): void => {
    for (let piece = pieces[next]; piece !== undefined; piece = pieces[++next]) {
      if (peer.socket.writableNeedDrain) {
        peer.socket.once('drain', send);
        return;
      }
      sentBytes += piece.length;
      peer.socket.write(piece);
    }
  };
  send();
  return () => sentBytes;
}

describe('requests ahead of their turn', () => {
  test('hold the client back when they are many, and are all answered later, in order', async () => {
    await using backend = await scriptedBackend(silent);
    await using worker = await startWorker(poolYaml([backend.url]) + ROUTES);
    using client = await connectRaw(worker.port);
    const fill = `X-Fill: ${'x'.repeat(20_000)}`;
    const targets = Array.from({ length: 1_000 }, (_, i) => `/moved/${i}`);
    const pieces = [get('/held'), ...targets.map((target) => get(target, fill))].map((text) =>
      Buffer.from(text),
    );
    const total = pieces.reduce((sum, { length }) => sum + length, 0);

    const sent = pump(client, pieces);
    const heldBack = await settled(sent);
    backend.peers[0]?.send(ok('held'));
    await client.untilText('http://a.test/moved/999\r\n');

    expect(heldBack).toBeLessThan(total);
    expect(sent()).toBe(total);
    const locations = [...client.text.matchAll(/^location: http:\/\/a.test(.*)\r$/gim)];
    expect(locations.map(([, target]) => target)).toEqual(targets);
    expect(client.text.indexOf('held')).toBeLessThan(client.text.indexOf('/moved/0'));
  });
});

describe('a body that nobody reads', () => {
  test('is read off, up to a limit, so that the client gets its answer and an end', async () => {
    await using worker = await startWorker(poolYaml(['http://127.0.0.1:9']) + ROUTES);
    using client = await connectAlone(worker);

    client.send(post('/denied', 100 * MIB));
    client.send(Buffer.alloc(MIB - 4_096));
    await client.untilEnded();
    client.end();
    await client.untilClosed();

    expect(client.text).toMatch(/^HTTP\/1.1 403 /);
    expect(client.wasReset).toBe(false);
    await connections(worker, 0);
  });

  test('costs the connection above the limit', async () => {
    await using worker = await startWorker(poolYaml(['http://127.0.0.1:9']) + ROUTES);
    using client = await connectAlone(worker);

    client.send(post('/denied', 100 * MIB));
    await client.untilText('HTTP/1.1 403');
    pump(
      client,
      Array.from({ length: 100 }, () => Buffer.alloc(MIB)),
    );
    await client.untilClosed();

    expect(client.wasReset).toBe(true);
    await connections(worker, 0);
  });

  test('is waited for a while only: a client that stays silent is closed', async () => {
    await using worker = await startWorker(poolYaml(['http://127.0.0.1:9']) + ROUTES);
    using client = await connectAlone(worker);
    client.send(post('/denied', MIB));
    await client.untilEnded();
    await connections(worker, 0);
    expect(client.text).toMatch(/^HTTP\/1.1 403 /);
  });

  test('leaves the connection as it was, where the answer came first and the rest follows', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeHead();
      peer.send(ok('early'));
    });
    await using worker = await startWorker(poolYaml([backend.url]) + ROUTES);
    using client = await connectAlone(worker);

    client.send(post('/', 10));
    await client.untilText('early');
    client.send(`the rest..${get('/moved/next')}`);
    await client.untilText('/moved/next');

    expect(client.hasEnded).toBe(false);
  });

  test('does not shorten how long a connection is kept, once the rest of it has come', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeHead();
      peer.send(ok('early'));
    });
    await using worker = await startWorker(poolYaml([backend.url]) + ROUTES);
    using kept = await connectAlone(worker);
    kept.send(post('/', 10));
    await kept.untilText('early');
    kept.send('the rest..');

    // It gets as long as a body is waited for that nobody reads.
    using silentOne = await connectRaw(worker.port);
    await connections(worker, 2);
    silentOne.send(post('/denied', MIB));
    await silentOne.untilEnded();
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_listener_connections')).toBeLessThan(2),
    );
    kept.send(get('/moved/next'));
    await kept.untilText('/moved/next');

    expect(kept.hasEnded).toBe(false);
  });
});

describe('a client that closes its half', () => {
  test('while its request is in flight is gone: 499, and the backend is left', async () => {
    await using log = await accessLines();
    await using backend = await scriptedBackend(silent);
    await using worker = await startWorker(log.yaml + poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(get('/slow'));
    await eventually(() => expect(backend.peers).toHaveLength(1));

    client.end();

    await backend.peers[0]?.untilEnded();
    await client.untilClosed();
    expect(await log.atLeast(1)).toMatchObject([{ path: '/slow', status: 499 }]);
    expect(client.text).toBe('');
  });

  test('in the middle of a head is told so', async () => {
    await using worker = await startWorker(poolYaml(['http://127.0.0.1:9']));
    using client = await connectRaw(worker.port);
    client.end('GET / HTTP/1.1\r\nHost: s\r\n');
    await client.untilClosed();
    expect(client.text).toMatch(/^HTTP\/1.1 400 /);
  });

  test.each(['', '\r\n', get('/moved/1')])('between requests is closed: %j', async (before) => {
    await using worker = await startWorker(poolYaml(['http://127.0.0.1:9']) + ROUTES);
    using client = await connectAlone(worker);
    client.send(before);
    const answers = before.startsWith('GET') ? 1 : 0;
    await client.until(({ text }) => text.split('HTTP/1.1 308').length > answers, 'the answer');
    client.end();
    await client.untilClosed();
    expect(client.wasReset).toBe(false);
    await connections(worker, 0);
  });

  test('before its upgrade was agreed on is gone', async () => {
    await using backend = await scriptedBackend(silent);
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(get('/', 'Connection: Upgrade', 'Upgrade: raw'));
    await eventually(() => expect(backend.peers).toHaveLength(1));

    client.end('early');

    await backend.peers[0]?.untilEnded();
    await client.untilClosed();
  });
});

describe('an upgrade', () => {
  const UPGRADE = get('/', 'Connection: Upgrade', 'Upgrade: raw');
  const early = Buffer.alloc(MIB, 'early bytes ');

  test('hands over all that came with it and behind it, once it is agreed on', async () => {
    await using backend = await scriptedBackend(silent);
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(Buffer.concat([Buffer.from(UPGRADE), early]));
    await eventually(() => expect(backend.peers).toHaveLength(1));
    const [peer] = backend.peers;
    peer?.send('HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n');
    await client.takeHead();
    await peer?.until(({ bytes }) => bytes.length >= early.length, 'the early bytes');
    expect(peer?.bytes.equals(early)).toBe(true);
  });

  test.each([1_000, 500_000])(
    'that is refused is answered, whatever came behind it: %i bytes',
    async (size) => {
      await using backend = await scriptedBackend(silent);
      await using worker = await startWorker(poolYaml([backend.url]));
      using client = await connectRaw(worker.port);
      client.send(Buffer.concat([Buffer.from(UPGRADE), early.subarray(0, size)]));
      await eventually(() => expect(backend.peers).toHaveLength(1));

      backend.peers[0]?.send(ok('no tunnel here'));
      await client.untilEnded();
      client.end();
      await client.untilClosed();

      expect(client.text).toMatch(/^HTTP\/1.1 200 [^]*no tunnel here$/);
      expect(client.wasReset).toBe(false);
    },
  );
});

describe('silence on many connections', () => {
  const LIMITS = '{ headerTimeout: 400ms, keepAliveTimeout: 400ms }';
  const EACH = 60;

  test('closes each in its way, and no other', async () => {
    await using backend = await scriptedBackend(silent);
    await using worker = await startWorker(poolYaml([backend.url]) + ROUTES, LIMITS);
    const open = async (text: string): Promise<RawPeer> => {
      const peer = await connectRaw(worker.port);
      peer.send(text);
      return peer;
    };
    const openAll = (text: string): Promise<RawPeer[]> =>
      Promise.all(Array.from({ length: EACH }, () => open(text)));
    using busy = await open(get('/busy'));
    const mute = await openAll('');
    const blank = await openAll('\r\n\r\n');
    const half = await openAll('GET / HTTP/1.1\r\nHost: s\r\n');
    const answered = await openAll(get('/moved'));
    const halfAgain = await openAll(`${get('/moved')}GET /half`);
    const all = [mute, blank, half, answered, halfAgain];

    for (const peer of all.flat()) {
      await peer.untilEnded();
      peer.socket.destroy();
    }
    await connections(worker, 1);
    backend.peers[0]?.send(ok('at last'));
    await busy.untilText('at last');

    const statuses = all.map((peers) =>
      peers.map(({ text }) => [...text.matchAll(/^HTTP\/1.1 (\d+)/gm)].map(([, s]) => s).join()),
    );
    expect(statuses.map((list) => [...new Set(list)])).toEqual([
      [''],
      [''],
      ['408'],
      ['308'],
      ['308,408'],
    ]);
  });
});
