/** WebSockets through the balancer, with a real client and a real server. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { accessLines } from '../support/access-lines.ts';
import { echoWebSocket, openWebSocket, roundTrip } from '../support/echo-websocket.ts';
import { eventually } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { closedPort } from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

test('messages of every size pass both ways', async () => {
  await using backend = await echoWebSocket();
  await using worker = await startWorker(poolYaml([backend.url]));
  const client = await openWebSocket(worker.port, '/chat?room=1');

  const small = await roundTrip(client, 'hello');
  const large = randomBytes(3_000_000);
  const echoed = await roundTrip(client, large);
  client.close(1000, 'bye');
  const [code, reason] = (await once(client, 'close')) as [number, Buffer];

  expect(small.toString()).toBe('hello');
  expect(echoed.equals(large)).toBe(true);
  expect([code, reason.toString()]).toEqual([1000, 'bye']);
});

test('a tunnel is counted while it is open, with its bytes, and logged as 101 when it ends', async () => {
  await using log = await accessLines();
  await using backend = await echoWebSocket();
  await using worker = await startWorker(log.yaml + poolYaml([backend.url]));
  const client = await openWebSocket(worker.port);
  await roundTrip(client, 'x'.repeat(1_000));
  await eventually(() => expect(metricTotal(worker.messages, 'lb_tunnels')).toBe(1));
  expect(metricTotal(worker.messages, 'lb_backend_in_flight')).toBe(1);

  client.close();
  await once(client, 'close');
  const [line] = await log.atLeast(1);

  expect(line).toMatchObject({ status: 101, reason: null, tries: 1 });
  await eventually(() => {
    expect(metricTotal(worker.messages, 'lb_tunnels')).toBe(0);
    expect(metricTotal(worker.messages, 'lb_backend_in_flight')).toBe(0);
    expect(metricTotal(worker.messages, 'lb_backend_connections')).toBe(0);
    expect(metricTotal(worker.messages, 'lb_http_requests_total', '101')).toBe(1);
    for (const direction of ['in', 'out'])
      expect(metricTotal(worker.messages, 'lb_tunnel_bytes_total', direction)).toBeGreaterThan(
        1_000,
      );
  });
  expect(metricTotal(worker.messages, 'lb_tunnel_bytes_total')).toBeLessThan(3_000);
});

test('a tunnel survives a reload that changes the rest, and is closed when its backend leaves', async () => {
  await using backend = await echoWebSocket();
  await using other = await echoWebSocket();
  await using worker = await startWorker(poolYaml([backend.url]));
  const client = await openWebSocket(worker.port);

  worker.apply(
    poolYaml([backend.url, other.url], { policy: 'random', timeouts: { tunnel: '9m' } }),
  );
  const afterReload = await roundTrip(client, 'still here');
  const closed = once(client, 'close');
  worker.apply('routes: [{ respond: { status: 204 } }]\npools: {}\n');
  await closed;

  expect(afterReload.toString()).toBe('still here');
});

test('an upgrade goes to another backend when the first refuses the connection', async () => {
  await using backend = await echoWebSocket();
  const refusing = `http://127.0.0.1:${await closedPort()}`;
  await using worker = await startWorker(
    poolYaml([refusing, backend.url], { policy: 'round_robin' }),
  );

  const client = await openWebSocket(worker.port);

  expect((await roundTrip(client, 'hello')).toString()).toBe('hello');
  expect(worker.messages.filter(({ type }) => type === 'backend-failed')).toHaveLength(1);
  client.terminate();
});

test('three hundred clients come and go and leave nothing open', async () => {
  await using backend = await echoWebSocket();
  await using worker = await startWorker(poolYaml([backend.url]));

  for (let round = 0; round < 10; round++) {
    await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        const client = await openWebSocket(worker.port);
        await roundTrip(client, 'ping');
        // Half of them say goodbye, the others vanish.
        if (i % 2 === 0) client.close();
        else client.terminate();
        if (i % 2 === 0) await once(client, 'close');
      }),
    );
  }

  await eventually(() => {
    expect(backend.openSockets).toBe(0);
    expect(metricTotal(worker.messages, 'lb_http_requests_total', '101')).toBe(300);
    expect(metricTotal(worker.messages, 'lb_tunnels')).toBe(0);
    expect(metricTotal(worker.messages, 'lb_backend_connections')).toBe(0);
    expect(metricTotal(worker.messages, 'lb_listener_connections')).toBe(0);
  });
});

test('draining waits for requests and then closes tunnels', async () => {
  await using backend = await echoWebSocket();
  const worker = await startWorker(poolYaml([backend.url]));
  const client = await openWebSocket(worker.port);
  const closed = once(client, 'close');

  await worker[Symbol.asyncDispose]();
  await closed;

  await eventually(() => expect(backend.openSockets).toBe(0));
});
