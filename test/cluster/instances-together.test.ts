/** What instances that share a Redis know of each other: who lives, the secret of the cookies, changes made at run time. */
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { valueOf } from '../support/http-message.ts';
import type { Instance } from '../support/lbctl.ts';
import { askOnce, GET } from '../support/raw-peer.ts';
import { shareRedis, stopInstance } from '../support/shared-redis.ts';

/** A change is heard of with the next beat, within a second; on a busy machine later. */
const HEARD_MS = 3_000;

/** One that is gone is forgotten after 3.5 s, which is seen with the next beat. */
const FORGOTTEN_MS = 6_000;

const pidsOf = async (instance: Instance): Promise<number[]> =>
  (await instance.status()).instances.map(({ pid }) => pid).sort((left, right) => left - right);

/** State of backend `a`, and what 20 requests on connections of their own see. */
async function seenAt(instance: Instance): Promise<{ state?: string; bodies: string[] }> {
  const bodies = new Set<string>();
  for (let i = 0; i < 20; i++) bodies.add((await askOnce(instance.port, GET)).body.toString());
  const { backends } = await instance.pool('web');
  const state = backends.find(({ name }) => name === 'a')?.state;
  return { ...(state !== undefined && { state }), bodies: [...bodies].sort() };
}

const DRAINED = { state: 'draining', bodies: ['b'] };
const WHOLE = { state: 'up', bodies: ['a', 'b'] };

test('a cookie of one instance holds at the other, from the moment that both start', async () => {
  await using shared = await shareRedis(3);
  const pair = await shared.startPair(
    `pools: { web: { backends: ${shared.list}, sticky: { mode: cookie } } }\n`,
  );

  const wrong: string[] = [];
  for (let round = 0; round < 20; round++) {
    const [giver, other] = round % 2 === 0 ? pair : [pair[1], pair[0]];
    const given = await askOnce(giver.port, GET);
    const cookie = valueOf(given.fields, 'set-cookie')?.split(';')[0];
    const request = GET.replace('\r\n\r\n', `\r\nCookie: ${cookie}\r\n\r\n`);
    const { body, fields } = await askOnce(other.port, request);
    const anew = valueOf(fields, 'set-cookie');
    if (!body.equals(given.body) || anew !== undefined)
      wrong.push(`${round}: ${body.toString()} ${anew}`);
  }

  expect(wrong).toEqual([]);
});

test('a drain at one instance is in force at the other, over a restart of both, until it is cleared anywhere', async () => {
  await using shared = await shareRedis(2);
  const yaml = `pools: { web: { policy: round_robin, backends: ${shared.list} } }\n`;
  const before = await shared.startPair(yaml);
  expect((await before[0].run('drain', 'web/a')).code).toBe(0);
  await eventually(async () => expect(await seenAt(before[1])).toEqual(DRAINED), HEARD_MS);

  await Promise.all(before.map(stopInstance));
  const after = await shared.startPair(yaml);
  expect(await Promise.all(after.map(seenAt))).toEqual([DRAINED, DRAINED]);

  expect((await after[1].run('overrides', 'clear')).code).toBe(0);
  await eventually(async () => expect(await seenAt(after[0])).toEqual(WHOLE), HEARD_MS);
});

test('each instance lists both, and forgets one that was killed', async () => {
  await using shared = await shareRedis(1);
  const [first, second] = await shared.startPair(`pools: { web: { backends: ${shared.list} } }\n`);
  const pids = [first.child.pid ?? 0, second.child.pid ?? 0].sort((left, right) => left - right);
  await eventually(async () => {
    expect([await pidsOf(first), await pidsOf(second)]).toEqual([pids, pids]);
  }, HEARD_MS);
  const { stdout } = await first.run('status');
  const lines = stdout.split('\n');
  expect(lines).toContain('store    redis  up');
  const marked = lines.filter((line) => line.includes('(this one)'));
  expect(marked).toEqual([expect.stringContaining(`  ${first.child.pid}  `)]);

  const workers = await second.workerPids();
  for (const pid of [second.child.pid ?? 0, ...workers]) process.kill(pid, 'SIGKILL');

  await eventually(
    async () => expect(await pidsOf(first)).toEqual([first.child.pid]),
    FORGOTTEN_MS,
  );
  expect((await askOnce(first.port, GET)).status).toBe(200);
}, 45_000);
