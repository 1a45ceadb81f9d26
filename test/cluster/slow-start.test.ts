import { expect, test } from '@jest/globals';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { startLoad } from '../support/load.ts';

const yaml = (urls: readonly string[], pool: string): string => `
workers: 2
listeners: [{ bind: 127.0.0.1:0, accept: round-robin }]
pools:
  web:
    policy: round_robin
    backends: [${urls.join(', ')}]
    healthCheck: { interval: 300ms, timeout: 5s, rise: 2, fall: 2 }
    ${pool}
`;

/** The part of 600 requests, dealt to both workers, that this backend answers. */
async function shareOf(name: string, { port }: Instance): Promise<number> {
  const { answers, failures } = await startLoad({ port, connections: 10, requests: 600 }).done;
  expect(failures).toEqual(new Map());
  return (answers.get(name) ?? 0) / 600;
}

async function reload(lb: Instance, text: string): Promise<void> {
  await lb.write(text);
  expect((await lb.admin.post('/api/v1/reload')).status).toBe(200);
}

test('a backend that comes back is spared by both workers, through a reload and the death of a worker', async () => {
  await using backends = await startBackendProcesses(3);
  const urls = backends.map(({ url }) => url);
  await using lb = await startLbctl(yaml(urls, 'slowStart: 2m'));
  const [victim] = backends;
  if (victim === undefined) throw new Error('three were started');
  const shown = async () => {
    const pool = await lb.pool('web');
    const backend = pool.backends.find(({ name }) => name === `127.0.0.1:${victim.port}`);
    if (backend === undefined) throw new Error('the pool has the backend');
    return backend;
  };
  await eventually(async () => expect((await shown()).lastProbe?.ok).toBe(true));
  expect((await shown()).slowStartLeftMs).toBeNull();
  expect(await shareOf('a', lb)).toBeGreaterThan(0.25);

  await victim.kill();
  await eventually(async () => expect((await shown()).state).toBe('down'));
  await victim.restart();
  await eventually(async () => expect((await shown()).state).toBe('up'));

  expect(await shareOf('a', lb)).toBeLessThan(0.12);
  const { slowStartLeftMs: leftMs, effectiveWeight } = await shown();
  expect(leftMs).toBeLessThan(120_000);
  expect(effectiveWeight).toBeLessThan(0.3);
  const labels = `backend="127.0.0.1:${victim.port}"`;
  expect(await lb.metric('lb_backend_effective_weight', labels)).toBeLessThan(0.3);

  await reload(lb, yaml(urls, 'slowStart: 2m\n    timeouts: { response: 7s }'));
  expect(await shareOf('a', lb)).toBeLessThan(0.12);
  expect((await shown()).slowStartLeftMs).toBeLessThan(leftMs ?? 0);

  const [dead = 0] = await lb.workerPids();
  process.kill(dead, 'SIGKILL');
  await eventually(async () => {
    const { workers } = await lb.status();
    expect(workers.map(({ pid }) => pid)).not.toContain(dead);
    expect(workers.filter(({ state }) => state === 'running')).toHaveLength(2);
  });
  expect(await shareOf('a', lb)).toBeLessThan(0.12);

  await reload(lb, yaml(urls, 'slowStart: 0s'));
  expect((await shown()).slowStartLeftMs).toBeNull();
  expect(await shareOf('a', lb)).toBeGreaterThan(0.25);
});

test('a backend that a reload adds is spared, and so is one that is enabled again', async () => {
  await using backends = await startBackendProcesses(2);
  const [a = '', b = ''] = backends.map(({ url }) => url);
  await using lb = await startLbctl(yaml([a], 'slowStart: 2m'));

  await reload(lb, yaml([a, b], 'slowStart: 2m'));
  expect(await shareOf('b', lb)).toBeLessThan(0.15);

  const target = `web/${a.slice('http://'.length)}`;
  await reload(lb, yaml([a, b], 'slowStart: 0s'));
  expect((await lb.run('disable', target)).code).toBe(0);
  await reload(lb, yaml([a, b], 'slowStart: 2m'));
  expect((await lb.run('enable', target)).code).toBe(0);
  expect(await shareOf('a', lb)).toBeLessThan(0.15);
  expect((await lb.run('backends')).stdout).toMatch(/up \(slow start\)/);
});
