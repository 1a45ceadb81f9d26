import { once } from 'node:events';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { acceptingPlaces } from '../support/kernel-sockets.ts';
import { isAlive, startLbctl, type Instance } from '../support/lbctl.ts';
import { startLoad } from '../support/load.ts';
import { getOnce, startVisitors, statusOf } from '../support/visitors.ts';

const MODES = ['shared', 'reuseport', 'round-robin'] as const;

const yamlFor = (accept: string, url = '', workers = 2): string => `
workers: ${workers}
listeners: [{ name: web, bind: 127.0.0.1:0, accept: ${accept} }]
pools: { web: { backends: [${url}] } }
`;

/** Opens connections until every worker holds some, or the time is up; then closes them. */
async function reachEveryWorker(lb: Instance): Promise<void> {
  const sockets: net.Socket[] = [];
  await eventually(async () => {
    for (let i = 0; i < 20; i++) {
      const socket = net.connect(lb.port, '127.0.0.1');
      // A test that fails says so by itself.
      socket.on('error', () => undefined);
      sockets.push(socket);
    }
    const { workers } = await lb.status();
    for (const { connections } of workers) expect(connections).toBeGreaterThan(0);
  });
  for (const socket of sockets) socket.destroy();
}

test.each(['shared', 'reuseport'])(
  'accept: %s takes several connections in a turn: the worker has its socket at four places',
  async (accept) => {
    await using lb = await startLbctl(yamlFor(accept, 'http://127.0.0.1:9', 1));
    const [pid = 0] = await lb.workerPids();

    await eventually(() => expect(acceptingPlaces(pid, lb.port)).toBe(4));
  },
);

describe.each(MODES)('accept: %s', (accept) => {
  test('serves, and every worker gets connections', async () => {
    await using backends = await startBackendProcesses(1);
    await using lb = await startLbctl(yamlFor(accept, backends[0]?.url));

    expect(await getOnce(lb.port)).toBe('200');
    await reachEveryWorker(lb);
  });

  test('a killed worker refuses nobody: what came meanwhile is answered', async () => {
    await using backends = await startBackendProcesses(1);
    await using lb = await startLbctl(yamlFor(accept, backends[0]?.url));
    const [victim = 0] = await lb.workerPids();

    process.kill(victim, 'SIGKILL');
    await eventually(() => expect(isAlive(victim)).toBe(false));
    const answers = await Promise.all(Array.from({ length: 50 }, () => getOnce(lb.port)));

    expect(new Set(answers)).toEqual(new Set(['200']));
  });

  test('SIGTERM finishes what is in flight, then nobody listens', async () => {
    await using backends = await startBackendProcesses(1);
    await using lb = await startLbctl(yamlFor(accept, backends[0]?.url));
    const answers = Array.from({ length: 10 }, () => getOnce(lb.port, '/slow?ms=1000'));
    await eventually(async () => expect((await lb.pool('web')).backends[0]?.inFlight).toBe(10));

    lb.child.kill('SIGTERM');
    await eventually(async () => expect(await getOnce(lb.port)).toBe('ECONNREFUSED'));

    expect(new Set(await Promise.all(answers))).toEqual(new Set(['200']));
    if (lb.child.exitCode === null) await once(lb.child, 'exit');
    expect(lb.child.exitCode).toBe(0);
  });
});

test('round-robin serves a unix socket; accept cannot change there while it stands', async () => {
  await using backends = await startBackendProcesses(1);
  const path = join(tmpdir(), `lbctl-accept-${process.pid}.sock`);
  const yaml = yamlFor('round-robin', backends[0]?.url).replace('127.0.0.1:0', `"unix:${path}"`);
  await using lb = await startLbctl(yaml);

  expect(await statusOf({ socketPath: path, path: '/' })).toBe('200');

  await lb.write(yaml.replace('round-robin', 'shared'));
  const { code, stderr } = await lb.run('reload');
  expect(code).not.toBe(0);
  expect(stderr).toContain('cannot change accept');
  expect(await statusOf({ socketPath: path, path: '/' })).toBe('200');
});

describe('accept changes at a reload', () => {
  test('the port stays, no request on an open connection fails, no new connection is refused', async () => {
    await using backends = await startBackendProcesses(1);
    const url = backends[0]?.url;
    await using lb = await startLbctl(yamlFor('shared', url));
    const address = (await lb.status()).listeners[0]?.address;
    const load = startLoad({ port: lb.port, connections: 10 });
    const visitors = startVisitors(lb.port, 4);

    for (const accept of [...MODES.toReversed(), ...MODES.toReversed()]) {
      await lb.write(yamlFor(accept, url));
      const reload = await lb.run('reload');
      expect(reload).toMatchObject({ code: 0, stderr: '' });
      expect((await lb.status()).listeners[0]?.address).toBe(address);
      const before = visitors.outcomes.get('200') ?? 0;
      await eventually(() =>
        expect(visitors.outcomes.get('200') ?? 0).toBeGreaterThan(before + 50),
      );
    }

    expect((await load.stop()).failures).toEqual(new Map());
    expect((await visitors.stop()).get('ECONNREFUSED')).toBeUndefined();
  });

  test('more workers get sockets of their own, fewer give them back', async () => {
    await using backends = await startBackendProcesses(1);
    const url = backends[0]?.url;
    await using lb = await startLbctl(yamlFor('reuseport', url, 2));
    for (const workers of [3, 2]) {
      await lb.write(yamlFor('reuseport', url, workers));
      expect((await lb.run('reload')).code).toBe(0);
      await eventually(async () => expect((await lb.status()).workers).toHaveLength(workers));
      await reachEveryWorker(lb);
      expect(await getOnce(lb.port)).toBe('200');
    }
  });
});
