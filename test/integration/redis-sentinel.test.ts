/** Redis behind Sentinels: the store follows the master. */
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { startWatchedRedis } from '../support/redis-sentinels.ts';
import { openStore, slowBucket } from '../support/redis-store.ts';

/** Sentinels agree, choose, promote and tell in about three seconds; a busy machine takes longer. */
const FAILOVER_MS = 15_000;

describe('a store behind Sentinels', () => {
  // At the same time: they wait for Sentinels most of the time.
  test.concurrent.each(['dies', 'hangs'])(
    'follows to the replica when the master %s',
    async (fate) => {
      await using redis = await startWatchedRedis();
      const { master, replica, sentinels, name } = redis;
      await using open = await openStore({ sentinels, name }).up();
      await open.store.take([slowBucket('a', 2)], 2);
      await eventually(async () => expect(await replica.cli('exists', 'lb:{rl}:a')).toBe('1'));
      if (fate === 'dies') await master.kill();
      else master.signal('SIGSTOP');
      await open.down();
      await open.up(FAILOVER_MS);
      expect(await replica.cli('info', 'replication')).toContain('role:master');
      // Who has just become the master may close its connections once more.
      await eventually(async () =>
        expect((await open.store.take([slowBucket('a', 2)], 1)).granted).toBe(0),
      );
    },
  );

  test.concurrent(
    'finds the master with the first Sentinels gone, and says what is wrong with names',
    async () => {
      await using redis = await startWatchedRedis();
      const { sentinels, name } = redis;
      const gone = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
      await using open = await openStore({ sentinels: [...gone, ...sentinels], name }).up();
      expect((await open.store.take([slowBucket('a', 1)], 1)).granted).toBe(1);

      await using misnamed = openStore({ sentinels, name: 'unknown' });
      await eventually(() => {
        expect(misnamed.store.error?.message).toBe(
          'the Sentinels know no master of this name: check store.name',
        );
      });
    },
  );

  test('says that no Sentinel answers', async () => {
    const port = await freePort();
    await using open = openStore({ sentinels: [`127.0.0.1:${port}`], name: 'lb' });
    await eventually(() => {
      expect(open.store.error).toMatchObject({
        failure: 'unreachable',
        message: expect.stringMatching(/^no connection to Redis \(store\.sentinels\): .*sentinel/i),
      });
    });
  });
});
