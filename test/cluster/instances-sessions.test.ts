/** Sessions of two instances, with two workers each, that share a Redis. */
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { startRedis } from '../support/redis-server.ts';
import { SessionLoad } from '../support/session-load.ts';

const SESSIONS_OF_EACH_KIND = 25;

test('every session keeps to its backend through a reload, a worker’s death and a restart, and moves once when that dies', async () => {
  await using redis = await startRedis();
  await using backends = await startBackendProcesses(3);
  const list = backends.map(({ name, url }) => `{ name: ${name}, url: "${url}" }`).join(', ');
  // On a machine that is busy with other tests too, 50 ms without an answer do not mean that Redis is away.
  const yaml = (more = ''): string => `
workers: 2
listeners: [{ name: web, bind: 127.0.0.1:0 }]
store: { type: redis, url: "${redis.url}", timeout: 2s }
routes:
  - { match: { paths: [/table] }, pool: table }
  - { match: { paths: [/learn] }, pool: learn }
pools:
  table: { backends: [${list}], sticky: { mode: table, key: header:X-Session } }
  learn: { backends: [${list}], sticky: { mode: learn, cookie: SESSION } }
${more}`;
  await using instances = new AsyncDisposableStack();
  const start = async (): Promise<Instance> => instances.use(await startLbctl(yaml()));
  const [first, second] = await Promise.all([start(), start()]);
  let ports = [first.port, second.port];
  using load = new SessionLoad(SESSIONS_OF_EACH_KIND, () => ports);

  await load.through(() => Promise.resolve(), 2_000);
  await load.through(() => reload(first, yaml('shutdown: { drainTimeout: 20s }\n')), 2_000);
  await load.through(() => killWorker(first), 2_000);
  await load.through(async () => {
    await stop(second);
    ports = [first.port, (await start()).port];
  }, 2_000);

  const before = load.clients.map(({ name, seen }) => `${name} ${seen.join()}`);
  expect(before.filter((line) => !/ [abc]$/.test(line))).toEqual([]);

  const [victim] = backends;
  const moving = load.clients.filter(({ seen }) => seen[0] === victim?.name).length;
  await load.through(async () => victim?.kill(), 1_000);
  await load.through(async () => victim?.restart(), 1_000);

  const histories = load.clients.map(({ name, seen }) => `${name} ${seen.join()}`);
  expect(histories.filter((line) => !/ (b|c|a,b|a,c)$/.test(line))).toEqual([]);
  expect(histories.filter((line) => line.includes('a,'))).toHaveLength(moving);
  expect(moving).toBeGreaterThan(0);
  expect(load.refused).toEqual([]);
  expect(load.answered).toBeGreaterThanOrEqual(10_000);
}, 60_000);

async function reload(instance: Instance, yaml: string): Promise<void> {
  await instance.write(yaml);
  instance.child.kill('SIGHUP');
  await eventually(async () => {
    expect(await instance.metric('lb_config_reloads_total', 'result="success"')).toBe(1);
  });
}

async function killWorker(instance: Instance): Promise<void> {
  const [victim = 0] = await instance.workerPids();
  process.kill(victim, 'SIGKILL');
  await eventually(async () => {
    const { workers } = await instance.status();
    const running = workers.filter(({ state, pid }) => state === 'running' && pid !== victim);
    expect(running).toHaveLength(2);
  });
}

async function stop(instance: Instance): Promise<void> {
  const exit = once(instance.child, 'exit');
  instance.child.kill('SIGTERM');
  await exit;
}
