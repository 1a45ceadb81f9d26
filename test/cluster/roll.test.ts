import { describe, expect, test } from '@jest/globals';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { isAlive, startLbctl } from '../support/lbctl.ts';
import { startLoad } from '../support/load.ts';

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
      await eventually(() => expect(load.succeeded()).toBeGreaterThan(served + 100));

      expect((await load.stop()).failures).toEqual(new Map());
      expect(after.filter((pid) => before.includes(pid))).toEqual([]);
      expect(await lb.metric('lb_events_total', 'type="rolling_restart"')).toBe(1);
      expect(await lb.metric('lb_worker_restarts_total')).toBe(0);
    },
  );
});
