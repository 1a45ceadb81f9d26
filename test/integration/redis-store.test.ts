/** The store in Redis does what every store does, and leaves nothing behind. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RedisConnection } from '@lb/shared/store/redis/redis-connection';
import { RedisAnswers } from '@lb/shared/store/redis/redis-answers';
import { RedisRegistry } from '@lb/shared/store/redis/redis-registry';
import { RedisStore } from '@lb/shared/store/redis/redis-store';
import { eventually } from '../support/eventually.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { connectTo, settingsOf, slowBucket } from '../support/redis-store.ts';
import { storeConformance } from '../support/store-conformance.ts';

async function connected(url: string, prefix = 'lb:'): Promise<RedisConnection> {
  const redis = connectTo(settingsOf({ url, prefix }));
  await eventually(() => redis.probe());
  return redis;
}

storeConformance('Redis', async () => {
  const server = await startRedis();
  const [one, other] = [await connected(server.url), await connected(server.url)];
  return {
    one: new RedisStore(one),
    other: new RedisStore(other),
    async [Symbol.asyncDispose]() {
      await Promise.all([one.close(), other.close()]);
      await server[Symbol.asyncDispose]();
    },
  };
});

let server: RedisServer;
let redis: RedisConnection;

beforeAll(async () => {
  server = await startRedis();
  redis = await connected(server.url, 'x:');
});
afterAll(async () => {
  await redis.close();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => server.cli('flushall'));

describe('keys in Redis', () => {
  const minutes = { key: 'api:1.2.3.4', burst: 10, intervalUs: 60_000_000 };
  const session = { pool: 'web', key: 'c0ffee' };

  test('a bucket has one, which goes when it is full', async () => {
    await new RedisStore(redis).take([minutes], 2);
    const ttlMs = Number(await server.cli('pttl', 'x:{rl}:api:1.2.3.4'));
    expect(ttlMs).toBeGreaterThan(110_000);
    expect(ttlMs).toBeLessThanOrEqual(120_000);
    expect(await server.cli('dbsize')).toBe('1');
  });

  test('a take that gives nothing writes nothing', async () => {
    const store = new RedisStore(redis);
    await store.take([slowBucket('empty', 1)], 1);
    const before = await server.cli('get', 'x:{rl}:empty');
    await store.take([slowBucket('empty', 1), slowBucket('other', 1)], 1);
    expect(await server.cli('get', 'x:{rl}:empty')).toBe(before);
    expect(await server.cli('exists', 'x:{rl}:other')).toBe('0');
  });

  test('a session has one, which goes when its time is up', async () => {
    const store = new RedisStore(redis);
    await store.bind(session, 'app1', 60_000);
    expect(Number(await server.cli('pttl', 'x:s:{web:c0ffee}'))).toBeGreaterThan(50_000);
    await store.find(session, 120_000.5);
    expect(Number(await server.cli('pttl', 'x:s:{web:c0ffee}'))).toBeGreaterThan(110_000);
    await store.remember(session, 'app2', 30_000);
    expect(Number(await server.cli('pttl', 'x:s:{web:c0ffee}'))).toBeLessThanOrEqual(30_000);
  });

  test('a bucket that says it is full far in the future lets the next one pass in time', async () => {
    // As a server leaves it whose clock was wrong.
    await server.cli('set', 'x:{rl}:api:1.2.3.4', '9e15');
    const taken = await new RedisStore(redis).take([minutes], 1);
    expect(taken.granted).toBe(0);
    expect(taken.levels[0]?.retryMs).toBeLessThanOrEqual(60_000);
  });

  test.each(['a list', 'a text'])(
    '%s under the key of a bucket is damage, by its name',
    async (what) => {
      await (what === 'a list'
        ? server.cli('rpush', 'x:{rl}:api:1.2.3.4', 'a')
        : server.cli('set', 'x:{rl}:api:1.2.3.4', 'hello'));
      const asked = new RedisStore(redis).take([slowBucket('fine', 1), minutes], 1);
      await expect(asked).rejects.toMatchObject({
        failure: 'damaged',
        message:
          'what Redis has under x:{rl}:api:1.2.3.4 is not ours: delete it, or set another store.prefix',
      });
    },
  );

  test.each(['bind', 'find'])('a list under the key of a session is damage for %s', async (op) => {
    await server.cli('rpush', 'x:s:{web:c0ffee}', 'a');
    const store = new RedisStore(redis);
    const asked = op === 'bind' ? store.bind(session, 'app1', 1_000) : store.find(session, 1_000);
    await expect(asked).rejects.toMatchObject({
      failure: 'damaged',
      message: expect.stringContaining('x:s:{web:c0ffee}'),
    });
  });

  test('scripts that Redis forgot are sent again', async () => {
    const store = new RedisStore(redis);
    await store.take([slowBucket('before', 1)], 1);
    await server.cli('script', 'flush');
    expect((await store.take([slowBucket('after', 1)], 1)).granted).toBe(1);
  });
});

describe('a user of Redis', () => {
  test('needs no other rights than docs/redis.md gives it', async () => {
    const page = readFileSync(new URL('../../docs/redis.md', import.meta.url), 'utf8');
    const [, rights = ''] = /^ACL SETUSER lb on >password (~lb:\*[^`]+)/m.exec(page) ?? [];
    await server.cli('acl', 'setuser', 'lb', 'on', '>password', ...rights.trim().split(/\s+/));
    const user = { username: 'lb', password: 'password' };
    const own = connectTo(settingsOf({ url: server.url, ...user }));
    await eventually(() => own.probe());
    const store = new RedisStore(own);
    await store.take([slowBucket('a', 1)], 1);
    await store.bind({ pool: 'web', key: 'a' }, 'app1', 1_000);
    await store.find({ pool: 'web', key: 'a' }, 1_000);
    await store.remember({ pool: 'web', key: 'a' }, 'app1', 1_000);
    const registry = new RedisRegistry(own);
    await registry.secret('first');
    await registry.beat('short', '{}', 1);
    await registry.setOverride('a', '1');
    await registry.setOverride('a', null);
    await registry.leave('short');
    await registry.beat('b', '{}', 1_000);
    expect(await registry.clearOverrides()).toBe(0);
    await useAnswers(own, registry);
    expect(await server.cli('acl', 'log')).toBe('');
    await own.close();
  });
});

/** Everything that is done with shared answers. */
async function useAnswers(own: RedisConnection, registry: RedisRegistry): Promise<void> {
  const answers = new RedisAnswers(own, (bytes) => bytes.toString());
  const place = { address: 'c all http://a/', vary: '', variant: '' };
  const [claim, lease] = [
    { token: 't', ms: 1_000 },
    { place, token: 't' },
  ];
  const bytes = Buffer.from('answer');
  await answers.ask(place, claim);
  await answers.hold(place, claim);
  await answers.keep(place, { bytes, freshMs: 1_000, usefulMs: 1_000, tags: ['tag'] }, lease);
  await answers.letGo(lease, 1_000);
  await answers.drop(place);
  await answers.forget([place.address]);
  const purges = [
    { by: 'url', value: 'http://a/', cache: 'c' },
    { by: 'prefix', value: 'http://a/', cache: 'c' },
    { by: 'tag', value: 'tag', cache: 'c' },
  ] as const;
  for (const purge of purges) await registry.purgeStep(purge, ['c'], '0');
  const end = await registry.endOfPurges();
  await registry.logPurge(purges[0]);
  await registry.purgesAfter(end);
  await registry.purgedUpTo('id', end);
  await registry.purgedUpTo('id', null);
  await registry.purgePlaces();
}

describe('the registry in Redis', () => {
  test('the first secret that is proposed is that of all', async () => {
    const secrets = await Promise.all(
      ['first', 'second'].map((proposal) => new RedisRegistry(redis).secret(proposal)),
    );
    expect(secrets[0]).toBe(secrets[1]);
    expect(await new RedisRegistry(redis).secret('third')).toBe(secrets[0]);
  });

  test('an instance hears of those that live, itself included, in the order of their ids', async () => {
    const registry = new RedisRegistry(redis);
    await registry.beat('b', '{"name":"b 1"}', 60_000);
    await registry.beat('a', '{"name":"a"}', 60_000);
    const { instances } = await registry.beat('b', '{"name":"b 2"}', 60_000);
    expect(instances).toEqual(['{"name":"a"}', '{"name":"b 2"}']);
  });

  test('one that leaves, or has not been heard of for its time, is none of them', async () => {
    const registry = new RedisRegistry(redis);
    await registry.beat('left', '{}', 60_000);
    await registry.beat('silent', '{}', 20);
    await registry.leave('left');
    await eventually(async () => {
      const { instances } = await registry.beat('here', '{"here":1}', 60_000);
      expect(instances).toEqual(['{"here":1}']);
    });
    expect(await server.cli('hkeys', 'x:{instances}')).toBe('here');
  });

  test('what is known of instances goes with the last of them', async () => {
    await new RedisRegistry(redis).beat('only', '{}', 60_000);
    const ttlMs = Number(await server.cli('pttl', 'x:{instances}'));
    expect(ttlMs).toBeGreaterThan(50_000);
    expect(ttlMs).toBeLessThanOrEqual(60_000);
  });

  test('overrides are heard by all until they are taken back', async () => {
    const registry = new RedisRegistry(redis);
    await registry.setOverride('web/app1', 'drain');
    await registry.setOverride('web/app2', '{"weight":3}');
    await registry.setOverride('web/app1', null);
    expect((await registry.beat('a', '{}', 1_000)).overrides).toEqual(
      new Map([['web/app2', '{"weight":3}']]),
    );
  });

  test('all overrides are taken back at once', async () => {
    const registry = new RedisRegistry(redis);
    await registry.setOverride('one', '1');
    await registry.setOverride('two', '2');
    expect(await registry.clearOverrides()).toBe(2);
    expect((await registry.beat('a', '{}', 1_000)).overrides).toEqual(new Map());
  });
});
