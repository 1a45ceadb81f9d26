/** A guarded registry: what instances know of each other, without waiting for a Redis that hangs. */
import { expect, test } from '@jest/globals';
import { GuardedRegistry } from '@lb/shared/store/guarded-registry';
import { RedisRegistry } from '@lb/shared/store/redis/redis-registry';
import { seededRandom, systemClock } from '@lb/shared/time/clock';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-server.ts';
import { StoreLog, connectTo, settingsOf } from '../support/redis-store.ts';

test('a primary is told at the timeout, and carries on when Redis does', async () => {
  await using server = await startRedis();
  const redis = connectTo(settingsOf({ url: server.url }));
  const hooks = new StoreLog();
  const options = { timeoutMs: 200, clock: systemClock, random: seededRandom(1), hooks };
  const registry = new GuardedRegistry(new RedisRegistry(redis), redis, options);
  await eventually(() => registry.setOverride('web/app1', 'drain'));

  server.signal('SIGSTOP');
  await expect(registry.beat('a', '{}', 1_000)).rejects.toMatchObject({ failure: 'timeout' });
  expect(registry.isUp).toBe(false);
  expect(registry.error?.failure).toBe('timeout');
  server.signal('SIGCONT');

  await eventually(() => registry.beat('a', '{"a":1}', 60_000));
  const { instances, overrides } = await registry.beat('b', '{"b":1}', 60_000);
  expect(instances).toEqual(['{"a":1}', '{"b":1}']);
  expect(overrides).toEqual(new Map([['web/app1', 'drain']]));
  expect(await registry.secret('first')).toBe('first');
  expect(await registry.clearOverrides()).toBe(1);
  await registry.leave('b');
  await registry.close();
  await expect(registry.secret('second')).rejects.toMatchObject({ message: 'the store is closed' });
});
