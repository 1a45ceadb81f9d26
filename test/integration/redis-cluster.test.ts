/** The store in a Redis Cluster. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PurgeStep } from '@lb/shared/store/registry';
import { RedisAnswers } from '@lb/shared/store/redis/redis-answers';
import { RedisRegistry } from '@lb/shared/store/redis/redis-registry';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { connectTo, openStore, settingsOf, slowBucket } from '../support/redis-store.ts';

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster();
});
afterAll(async () => cluster[Symbol.asyncDispose]());

describe('a store in a Cluster', () => {
  test('takes out of several buckets at once, all or nothing', async () => {
    await using open = await openStore({ cluster: cluster.addresses }).up();
    const buckets = ['a', 'b', 'c', 'd'].map((key) => slowBucket(key, 3));
    expect((await open.store.take(buckets, 2)).granted).toBe(2);
    await open.store.take([slowBucket('d', 3)], 1);
    const { granted, levels } = await open.store.take(buckets, 1);
    expect(granted).toBe(0);
    expect(levels.map(({ remaining }) => remaining)).toEqual([1, 1, 1, 0]);
  });

  test('keeps sessions on all of its nodes, known by one', async () => {
    await using open = await openStore({ cluster: cluster.addresses.slice(0, 1) }).up();
    const sessions = Array.from({ length: 30 }, (_, i) => ({ pool: 'web', key: `k${i}` }));
    await Promise.all(sessions.map((session) => open.store.bind(session, 'app1', 60_000)));
    const found = await Promise.all(sessions.map((session) => open.store.find(session, 60_000)));
    expect(new Set(found)).toEqual(new Set(['app1']));
    for (const node of cluster.nodes) {
      expect(await node.cli('keys', 'lb:s:*')).not.toBe('');
    }
  });

  test('carries the registry', async () => {
    const redis = connectTo(settingsOf({ cluster: cluster.addresses }));
    await eventually(() => redis.probe());
    const registry = new RedisRegistry(redis);
    await registry.setOverride('web/app1', 'drain');
    const { instances, overrides } = await registry.beat('a', '{"a":1}', 60_000);
    expect(instances).toEqual(['{"a":1}']);
    expect(overrides.get('web/app1')).toBe('drain');
    expect(await registry.secret('first')).toBe('first');
    await redis.close();
  });

  test.each([
    ['how its URL begins', { by: 'prefix', value: 'http://a/x', cache: 'c' }],
    ['a tag', { by: 'tag', value: 'pages', cache: 'c' }],
  ] as const)(
    'keeps shared answers on all of its nodes, and purges them by %s',
    async (_, purge) => {
      const redis = connectTo(settingsOf({ cluster: cluster.addresses }));
      await eventually(() => redis.probe());
      const answers = new RedisAnswers(redis, String);
      const keeping = {
        bytes: Buffer.from('a'),
        freshMs: 60_000,
        usefulMs: 60_000,
        tags: ['pages'],
      };
      const places = Array.from({ length: 30 }, (__, i) => ({
        address: `c all http://a/x{${i}`,
        vary: '',
        variant: '',
      }));
      await Promise.all(places.map((place) => answers.keep(place, keeping, undefined)));
      for (const node of cluster.nodes) expect(await node.cli('keys', 'lb:c:*')).not.toBe('');

      const registry = new RedisRegistry(redis);
      let cursor: string | null = '0';
      while (cursor !== null) {
        const step: PurgeStep = await registry.purgeStep(purge, ['c'], cursor);
        ({ cursor } = step);
      }

      const kinds = await Promise.all(places.map((place) => answers.ask(place, undefined)));
      expect(new Set(kinds.map(({ kind }) => kind))).toEqual(new Set(['none']));
      await redis.close();
    },
  );

  test('follows a slot that moves to another node', async () => {
    await using open = await openStore({ cluster: cluster.addresses }).up();
    await open.store.take([slowBucket('moved', 5)], 5);
    await moveSlotOf('{rl}');
    await open.up();
    expect((await open.store.take([slowBucket('other', 5)], 5)).granted).toBe(5);
  });

  test.each(['dies', 'hangs'])('is down as a whole while a node %s', async (fate) => {
    await using open = await openStore({ cluster: cluster.addresses }, 300).up();
    const node = await otherNodeThan('{probe}');
    if (fate === 'dies') await node.kill();
    else node.signal('SIGSTOP');
    await open.down();
    if (fate === 'dies') await node.start();
    else node.signal('SIGCONT');
    await open.up(15_000);
    expect((await open.store.take([slowBucket(fate, 1)], 1)).granted).toBe(1);
  });

  test('that is none is said to be none', async () => {
    const port = await freePort();
    await using server = await startRedis({ port });
    await using open = openStore({ cluster: [`127.0.0.1:${port}`] });
    await eventually(() => {
      expect(open.store.error?.message).toBe(
        'Redis is no Cluster: set store.url in place of store.cluster',
      );
    });
    expect(await server.cli('ping')).toBe('PONG');
  });
});

/** Where a slot is, as long as none was moved. */
async function placeOf(key: string): Promise<{ slot: string; index: number; node: RedisServer }> {
  const slot = String(await cluster.nodes[0]?.cli('cluster', 'keyslot', key));
  const index = [5_460, 10_922, 16_383].findIndex((last) => Number(slot) <= last);
  const node = cluster.nodes[index];
  if (node === undefined) throw new Error(`no node has slot ${slot}`);
  return { slot, index, node };
}

/** One that the probe's own key says nothing about. */
async function otherNodeThan(key: string): Promise<RedisServer> {
  const { node } = await placeOf(key);
  const other = cluster.nodes.find((candidate) => candidate !== node);
  if (other === undefined) throw new Error('no other node');
  return other;
}

/** Gives a slot, and what is in it, to the next node, step by step as redis-cli does. */
async function moveSlotOf(key: string): Promise<void> {
  const { slot, index, node: source } = await placeOf(key);
  const next = (index + 1) % cluster.nodes.length;
  const target = cluster.nodes[next];
  if (target === undefined) throw new Error('no other node');
  const [sourceId, targetId] = await Promise.all(
    [source, target].map((node) => node.cli('cluster', 'myid')),
  );
  await target.cli('cluster', 'setslot', slot, 'importing', String(sourceId));
  await source.cli('cluster', 'setslot', slot, 'migrating', String(targetId));
  const keys = (await source.cli('cluster', 'getkeysinslot', slot, '100')).split('\n');
  const [host = '', port = ''] = cluster.addresses[next]?.split(':') ?? [];
  await source.cli('migrate', host, port, '', '0', '1000', 'keys', ...keys);
  for (const node of [target, source]) {
    await node.cli('cluster', 'setslot', slot, 'node', String(targetId));
  }
}
