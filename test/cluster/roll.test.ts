import { describe, expect, test } from '@jest/globals';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { isAlive, startLbctl } from '../support/lbctl.ts';
import { startLoad } from '../support/load.ts';

/** Six processes that start, on a machine that has other things to do. */
const BUSY_MS = 60_000;

const yamlFor = (accept: string, url = ''): string => `
workers: 2
listeners: [{ name: web, bind: 127.0.0.1:0, accept: ${accept} }]
pools: { web: { backends: [${url}] } }
`;

describe('SIGUSR2', () => {
  test.each(['shared', 'reuseport', 'round-robin'])(
    'replaces every worker under load without a failed request: accept %s',
    async (accept) => {
      await using backends = await startBackendProcesses(1);
      await using lb = await startLbctl(yamlFor(accept, backends[0]?.url));
      const before = await lb.workerPids();
      using load = startLoad({ port: lb.port, connections: 10 });

      lb.child.kill('SIGUSR2');
      await eventually(() => expect(before.filter(isAlive)).toEqual([]), 20_000);
      const after = await eventually(async () => {
        const { workers } = await lb.status();
        expect(workers.map(({ state }) => state)).toEqual(['running', 'running']);
        return workers.map(({ pid }) => pid);
      });
      const served = load.succeeded();
      await eventually(() => expect(load.succeeded()).toBeGreaterThan(served + 100), 20_000);

      expect((await load.stop()).failures).toEqual(new Map());
      expect(after.filter((pid) => before.includes(pid))).toEqual([]);
      expect(await lb.metric('lb_events_total', 'type="rolling_restart"')).toBe(1);
      expect(await lb.metric('lb_worker_restarts_total')).toBe(0);
    },
    BUSY_MS,
  );
});

test(
  'a reload that changes the number of workers fails no request',
  async () => {
    await using backends = await startBackendProcesses(1);
    const yaml = yamlFor('shared', backends[0]?.url);
    await using lb = await startLbctl(yaml);
    const [first = 0] = await lb.workerPids();
    using load = startLoad({ port: lb.port, connections: 10 });

    for (const workers of [3, 1]) {
      await lb.write(yaml.replace('workers: 2', `workers: ${workers}`));
      expect((await lb.run('reload')).stdout).toContain('workers: ');
      await eventually(async () => expect(await lb.workerPids()).toHaveLength(workers), 20_000);
    }
    const served = load.succeeded();
    await eventually(() => expect(load.succeeded()).toBeGreaterThan(served + 100), 20_000);

    expect((await load.stop()).failures).toEqual(new Map());
    expect(await lb.workerPids()).toEqual([first]);
  },
  BUSY_MS,
);
