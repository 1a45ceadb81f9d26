/** Sessions of two instances, with two workers each, that share a Redis. */
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import type { Instance } from '../support/lbctl.ts';
import { SessionLoad } from '../support/session-load.ts';
import { shareRedis, stopInstance } from '../support/shared-redis.ts';

const SESSIONS_OF_EACH_KIND = 25;

test('every session keeps to its backend through a reload, a worker’s death and a restart, and moves once when that dies', async () => {
  await using shared = await shareRedis(3);
  const { list, backends } = shared;
  const yaml = `
routes:
  - { match: { paths: [/table] }, pool: table }
  - { match: { paths: [/learn] }, pool: learn }
pools:
  table: { backends: ${list}, sticky: { mode: table, key: header:X-Session } }
  learn: { backends: ${list}, sticky: { mode: learn, cookie: SESSION } }
`;
  const [first, second] = await shared.startPair(yaml);
  let ports = [first.port, second.port];
  using load = new SessionLoad(SESSIONS_OF_EACH_KIND, () => ports);

  await load.through(() => Promise.resolve(), 2_000);
  await load.through(
    () => reload(first, shared.complete(`${yaml}shutdown: { drainTimeout: 20s }\n`)),
    2_000,
  );
  await load.through(() => killWorker(first), 2_000);
  await load.through(async () => {
    await stopInstance(second);
    ports = [first.port, (await shared.start(yaml)).port];
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
}, 120_000);

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
