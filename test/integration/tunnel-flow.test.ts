/** What passes through an open tunnel, and how it ends. */
import { describe, expect, test } from '@jest/globals';
import { eventually, reaches, settled } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { connectRaw, type RawPeer } from '../support/raw-peer.ts';
import { scriptedBackend, type ScriptedBackend } from '../support/scripted-backend.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

const UPGRADE = 'GET / HTTP/1.1\r\nHost: s\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n';
const AGREED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n';

/** Both ends of an open tunnel. */
interface Tunnel extends AsyncDisposable {
  readonly client: RawPeer;
  readonly backend: RawPeer;
  readonly worker: Harness;
}

async function openTunnel(pool: object = {}): Promise<Tunnel> {
  const scripted: ScriptedBackend = await scriptedBackend(async (peer) => {
    await peer.takeHead();
    peer.send(AGREED);
  });
  const worker = await startWorker(poolYaml([scripted.url], pool));
  const client = await connectRaw(worker.port);
  client.send(UPGRADE);
  await client.takeHead();
  const [backend] = scripted.peers;
  if (backend === undefined) throw new Error('the tunnel has a backend');
  return {
    client,
    backend,
    worker,
    async [Symbol.asyncDispose]() {
      client.socket.destroy();
      await worker[Symbol.asyncDispose]();
      await scripted[Symbol.asyncDispose]();
    },
  };
}

describe('half-close', () => {
  test('the client has said all: the backend still answers', async () => {
    await using tunnel = await openTunnel();

    tunnel.client.end('question');
    await tunnel.backend.untilEnded();
    tunnel.backend.send('first ');
    await tunnel.client.untilText('first');
    tunnel.backend.end('last');
    await tunnel.client.untilEnded();

    expect(tunnel.backend.text).toBe('question');
    expect(tunnel.client.text).toBe('first last');
    await tunnel.client.untilClosed();
    await tunnel.backend.untilClosed();
  });

  test('the backend has said all: the client still speaks', async () => {
    await using tunnel = await openTunnel();

    tunnel.backend.end('greeting');
    await tunnel.client.untilEnded();
    tunnel.client.send('first ');
    await tunnel.backend.untilText('first');
    tunnel.client.end('last');
    await tunnel.backend.untilEnded();

    expect(tunnel.client.text).toBe('greeting');
    expect(tunnel.backend.text).toBe('first last');
    await tunnel.client.untilClosed();
    await tunnel.backend.untilClosed();
  });
});

describe('an end on one side reaches the other', () => {
  test('the client resets', async () => {
    await using tunnel = await openTunnel();
    tunnel.client.reset();
    await expect(tunnel.backend.untilEnded()).resolves.toBeUndefined();
  });

  test('the backend resets', async () => {
    await using tunnel = await openTunnel();
    tunnel.backend.reset();
    await expect(tunnel.client.untilEnded()).resolves.toBeUndefined();
  });

  test('and nothing stays counted', async () => {
    await using tunnel = await openTunnel();
    const { messages } = tunnel.worker;
    await eventually(() => expect(metricTotal(messages, 'lb_tunnels')).toBe(1));

    tunnel.backend.reset();

    await eventually(() => {
      for (const gauge of ['lb_tunnels', 'lb_backend_in_flight', 'lb_backend_connections'] as const)
        expect(metricTotal(messages, gauge)).toBe(0);
      expect(metricTotal(messages, 'lb_http_requests_in_flight')).toBe(0);
    });
  });
});

describe('timeouts.tunnel', () => {
  test('closes a tunnel without a byte', async () => {
    await using tunnel = await openTunnel({ timeouts: { tunnel: '200ms' } });
    const startedMs = performance.now();

    await tunnel.client.untilEnded();
    await tunnel.backend.untilEnded();

    expect(performance.now() - startedMs).toBeGreaterThan(150);
  });

  test.each(['client', 'backend'] as const)('a byte from the %s puts it off', async (side) => {
    await using tunnel = await openTunnel({ timeouts: { tunnel: '300ms' } });
    const other = side === 'client' ? tunnel.backend : tunnel.client;
    const startedMs = performance.now();

    let sent = 0;
    const timer = setInterval(() => {
      tunnel[side].send('x');
      if (++sent === 8) clearInterval(timer);
    }, 100);
    await other.untilEnded();

    expect(other.text).toBe('xxxxxxxx');
    expect(performance.now() - startedMs).toBeGreaterThan(1_000);
  });
});

describe('timeouts.tunnel, with bytes on the way to a side that does not read', () => {
  test.each(['client', 'backend'] as const)('closes both connections: the %s', async (side) => {
    await using tunnel = await openTunnel({ timeouts: { tunnel: '300ms' } });
    const { messages } = tunnel.worker;

    tunnel[side].socket.pause();
    tunnel[side === 'client' ? 'backend' : 'client'].send(Buffer.alloc(20_000_000));

    await eventually(() => {
      expect(metricTotal(messages, 'lb_http_requests_total')).toBe(1);
      for (const gauge of [
        'lb_tunnels',
        'lb_listener_connections',
        'lb_backend_connections',
      ] as const)
        expect(metricTotal(messages, gauge)).toBe(0);
    });
  });
});

describe('backpressure', () => {
  test.each([
    ['backend', 'client'],
    ['client', 'backend'],
  ] as const)('the %s is held back while the %s does not read', async (from, to) => {
    await using tunnel = await openTunnel();
    const block = Buffer.alloc(256 * 1024, 'x');
    const total = 64 * 1024 * 1024;
    tunnel[to].socket.removeAllListeners('data');
    tunnel[to].socket.pause();
    let sent = 0;
    const pump = (): void => {
      while (sent < total) {
        sent += block.length;
        if (!tunnel[from].socket.write(block)) break;
      }
      if (sent < total) tunnel[from].socket.once('drain', pump);
    };
    pump();

    const heldBack = await settled(() => sent);
    let received = 0;
    tunnel[to].socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    tunnel[to].socket.resume();
    await reaches(() => received, total);

    expect(heldBack).toBeLessThan(total / 2);
    expect(received).toBe(total);
  });
});
