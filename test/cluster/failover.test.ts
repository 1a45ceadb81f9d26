import { describe, expect, test } from '@jest/globals';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { isAlive, startLbctl, type Instance } from '../support/lbctl.ts';
import { startLoad } from '../support/load.ts';

const threeBackends = (urls: readonly string[]): string => `
workers: 2
listeners: [{ bind: 127.0.0.1:0 }]
pools:
  web:
    backends: [${urls.join(', ')}]
    healthCheck: { interval: 200ms, timeout: 200ms, rise: 2, fall: 2 }
`;

async function stateOf(lb: Instance, port: number): Promise<string> {
  const { backends } = await lb.pool('web');
  return backends.find(({ name }) => name === `127.0.0.1:${port}`)?.state ?? 'missing';
}

describe('failover under load', () => {
  test('no GET fails while one of three backends is killed and comes back', async () => {
    await using backends = await startBackendProcesses(3);
    await using lb = await startLbctl(threeBackends(backends.map(({ url }) => url)));
    const [victim] = backends;
    if (victim === undefined) throw new Error('three were started');
    const load = startLoad({ port: lb.port, connections: 50 });
    await eventually(() => expect(load.succeeded()).toBeGreaterThan(500));

    await victim.kill();
    await eventually(async () => expect(await stateOf(lb, victim.port)).toBe('down'));
    const atDeath = load.succeeded();
    await eventually(() => expect(load.succeeded()).toBeGreaterThan(atDeath + 500));
    await victim.restart();
    await eventually(async () => expect(await stateOf(lb, victim.port)).toBe('up'));
    const before = await lb.metric(
      'lb_backend_requests_total',
      `backend="127.0.0.1:${victim.port}"`,
    );
    await eventually(async () => {
      expect(
        await lb.metric('lb_backend_requests_total', `backend="127.0.0.1:${victim.port}"`),
      ).toBeGreaterThan(before);
    });

    const { failures } = await load.stop();
    expect(failures).toEqual(new Map());
  });

  test('a killed worker costs at most its requests in flight, is replaced, and its counts stay', async () => {
    await using backends = await startBackendProcesses(2);
    await using lb = await startLbctl(threeBackends(backends.map(({ url }) => url)));
    const load = startLoad({ port: lb.port, connections: 40 });
    await eventually(async () =>
      expect(await lb.metric('lb_http_requests_total')).toBeGreaterThan(500),
    );
    const [victim = 0] = await lb.workerPids();
    const counted = await lb.metric('lb_http_requests_total');

    process.kill(victim, 'SIGKILL');
    await eventually(async () => {
      const { workers } = await lb.status();
      expect(workers.map(({ pid }) => pid)).not.toContain(victim);
      expect(workers.filter(({ state }) => state === 'running')).toHaveLength(2);
    });

    const { failures } = await load.stop();
    const failed = [...failures.values()].reduce((sum, count) => sum + count, 0);
    expect(failed).toBeLessThanOrEqual(40);
    expect(failures.get('ECONNREFUSED')).toBeUndefined();
    expect(await lb.metric('lb_http_requests_total')).toBeGreaterThanOrEqual(counted);
    expect(await lb.metric('lb_worker_restarts_total')).toBe(1);
  });

  test('connections wait for the replacement when the only worker is killed', async () => {
    await using backends = await startBackendProcesses(1);
    const yaml = threeBackends(backends.map(({ url }) => url)).replace('workers: 2', 'workers: 1');
    await using lb = await startLbctl(yaml);
    const [victim = 0] = await lb.workerPids();

    process.kill(victim, 'SIGKILL');
    await eventually(() => expect(isAlive(victim)).toBe(false));

    const answer = await fetch(`http://127.0.0.1:${lb.port}/`);
    expect(await answer.text()).toBe('a');
  });

  test('everything down is 503 with Retry-After', async () => {
    await using backends = await startBackendProcesses(1);
    await using lb = await startLbctl(threeBackends(backends.map(({ url }) => url)));
    const [only] = backends;
    await only?.kill();
    await eventually(async () => expect(await stateOf(lb, only?.port ?? 0)).toBe('down'));

    const answer = await fetch(`http://127.0.0.1:${lb.port}/`);

    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.headers.get('proxy-status')).toContain('no_backend');
  });
});
