import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { PoolConfig } from '@lb/shared/config/schema/root';
import { systemClock } from '@lb/shared/time/clock';
import type { BackendConnection } from '@lb/worker/internal/forward/native/connection';
import { ConnectionPool } from '@lb/worker/internal/forward/native/connection-pool';
import { Cells } from '@lb/worker/internal/metrics/cells';
import { BackendMetrics } from '@lb/worker/internal/metrics/request-metrics';
import { eventually } from '../support/eventually.ts';

type Config = PoolConfig['connections'];

const DEFAULTS: Config = { maxIdle: 64, idleTimeout: 4_000, max: 0, protocol: 'auto' };

/** A backend that only accepts, and a pool of connections to it. */
async function scene(
  config: Partial<Config> = {},
): Promise<
  { readonly pool: ConnectionPool; readonly accepted: readonly Socket[] } & AsyncDisposable
> {
  const accepted: Socket[] = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => socket.destroy());
    accepted.push(socket.resume());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const target = { protocol: 'http:', host: '127.0.0.1', port } as const;
  const metrics = new BackendMetrics(new Cells(), 'web', 'a');
  const pool = new ConnectionPool({ ...DEFAULTS, ...config }, target, metrics, systemClock);
  return {
    pool,
    accepted,
    async [Symbol.asyncDispose]() {
      pool.retire();
      for (const socket of accepted) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Takes a connection that stands. */
async function take(pool: ConnectionPool): Promise<BackendConnection> {
  const connection =
    pool.take() ?? (await new Promise<BackendConnection>((resolve) => pool.wait(resolve)));
  if (connection.socket.connecting) await once(connection.socket, 'connect');
  return connection;
}

describe('connections to a backend', () => {
  test('are used last in, first out', async () => {
    await using place = await scene();
    const [first, second] = [await take(place.pool), await take(place.pool)];
    place.pool.giveBack(first, undefined);
    place.pool.giveBack(second, undefined);
    expect(await take(place.pool)).toBe(second);
    expect(await take(place.pool)).toBe(first);
  });

  test('are kept up to maxIdle, the newest of them', async () => {
    await using place = await scene({ maxIdle: 1 });
    const [first, second] = [await take(place.pool), await take(place.pool)];
    place.pool.giveBack(first, undefined);
    place.pool.giveBack(second, undefined);
    await eventually(() => expect(first.socket.destroyed).toBe(true));
    expect(second.socket.destroyed).toBe(false);
  });

  test('are not kept at all with a maxIdle of 0', async () => {
    await using place = await scene({ maxIdle: 0 });
    const only = await take(place.pool);
    place.pool.giveBack(only, undefined);
    expect(only.socket.destroyed).toBe(true);
  });

  test('wait for one that becomes free when there are max already', async () => {
    await using place = await scene({ max: 1 });
    const only = await take(place.pool);
    const next = take(place.pool);
    place.pool.giveBack(only, undefined);
    expect(await next).toBe(only);
    expect(place.accepted).toHaveLength(1);
  });

  test('are made anew for who waits when the one in use breaks', async () => {
    await using place = await scene({ max: 1 });
    const only = await take(place.pool);
    const next = take(place.pool);
    only.destroy();
    expect(await next).not.toBe(only);
  });

  test('are not given to who does not wait any more', async () => {
    await using place = await scene({ max: 1 });
    const only = await take(place.pool);
    let given = 0;
    const withdraw = place.pool.wait(() => {
      given++;
    });
    withdraw();
    place.pool.giveBack(only, undefined);
    expect(await take(place.pool)).toBe(only);
    expect(given).toBe(0);
  });

  test('are closed after idleTimeout, or sooner when the backend says so', async () => {
    await using place = await scene({ idleTimeout: 600 });
    const [own, hinted, short] = [
      await take(place.pool),
      await take(place.pool),
      await take(place.pool),
    ];
    place.pool.giveBack(own, undefined);
    place.pool.giveBack(hinted, 1_001);
    place.pool.giveBack(short, 1_000);
    expect(short.socket.destroyed).toBe(true);
    await eventually(() => expect(hinted.socket.destroyed).toBe(true));
    await eventually(() => expect(own.socket.destroyed).toBe(true));
  });

  test('that the backend closes are not given out', async () => {
    await using place = await scene();
    const closed = await take(place.pool);
    place.pool.giveBack(closed, undefined);
    await eventually(() => expect(place.accepted).toHaveLength(1));
    place.accepted[0]?.destroy();
    await eventually(() => expect(closed.socket.destroyed).toBe(true));
    expect(await take(place.pool)).not.toBe(closed);
  });

  test('that bring bytes nobody asked for are closed', async () => {
    await using place = await scene();
    const poisoned = await take(place.pool);
    place.pool.giveBack(poisoned, undefined);
    await eventually(() => expect(place.accepted).toHaveLength(1));
    place.accepted[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON');
    await eventually(() => expect(poisoned.socket.destroyed).toBe(true));
  });

  test('are closed when they come back to a pool that is retired', async () => {
    await using place = await scene();
    const [idle, busy] = [await take(place.pool), await take(place.pool)];
    place.pool.giveBack(idle, undefined);
    place.pool.retire();
    expect([idle, busy].map(({ socket }) => socket.destroyed)).toEqual([true, false]);
    place.pool.giveBack(busy, undefined);
    expect(busy.socket.destroyed).toBe(true);
  });
});
