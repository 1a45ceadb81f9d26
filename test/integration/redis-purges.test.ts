/** The log of purges in Redis, and an instance that follows it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PurgeFeed } from '@lb/primary/internal/caches/purge-feed';
import type { Purge } from '@lb/shared/model/purge';
import type { RedisConnection } from '@lb/shared/store/redis/redis-connection';
import { RedisRegistry } from '@lb/shared/store/redis/redis-registry';
import type { LoggedPurge, Registry } from '@lb/shared/store/registry';
import { StoreError } from '@lb/shared/store/store';
import { systemClock } from '@lb/shared/time/clock';
import { eventually } from '../support/eventually.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { connectTo, settingsOf } from '../support/redis-store.ts';

let server: RedisServer;
let redis: RedisConnection;
let registry: RedisRegistry;

beforeAll(async () => {
  server = await startRedis();
  redis = connectTo(settingsOf({ url: server.url }));
  await eventually(() => redis.probe());
  registry = new RedisRegistry(redis);
});
afterAll(async () => {
  await redis.close();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => server.cli('flushall'));

const tag = (value: string): Purge => ({ by: 'tag', value, cache: null });

describe('the log of purges', () => {
  test('says what came after a place, and nothing twice', async () => {
    const start = await registry.endOfPurges();
    const first = await registry.logPurge(tag('a'));
    const keys = { cache: 'c', keys: ['all http://a/'], doneBy: 'other' };
    await registry.logPurge(keys);

    expect((await registry.purgesAfter(start)).map(({ purge }) => purge)).toEqual([tag('a'), keys]);
    expect((await registry.purgesAfter(first)).map(({ purge }) => purge)).toEqual([keys]);
    expect(await registry.purgesAfter(await registry.endOfPurges())).toEqual([]);
  });

  test.each([
    ['was cut off behind who reads it', ['xtrim', 'lb:{purges}', 'MAXLEN', '1']],
    ['was lost with everything else', ['flushall']],
  ])('that %s may have had anything in it', async (_, command) => {
    const place = await registry.logPurge(tag('a'));
    await registry.logPurge(tag('b'));
    await registry.logPurge(tag('c'));
    await server.cli(...command);
    await registry.logPurge(tag('d'));

    expect((await registry.purgesAfter(place))[0]?.purge).toBe('everything');
  });

  test('with something that nobody can read may have had anything in it', async () => {
    const place = await registry.logPurge(tag('a'));
    await server.cli('xadd', 'lb:{purges}', '*', 'purge', '{"by":"moon"}');

    expect((await registry.purgesAfter(place)).map(({ purge }) => purge)).toEqual(['everything']);
  });
});

describe('an instance that follows it', () => {
  /** Begins where the log ends. */
  async function follow(over: () => Partial<Registry> = () => ({})) {
    const purged: LoggedPurge['purge'][] = [];
    const methods = {
      endOfPurges: () => (over().endOfPurges ?? registry.endOfPurges.bind(registry))(),
      purgesAfter: (place: string) =>
        (over().purgesAfter ?? registry.purgesAfter.bind(registry))(place),
      purgedUpTo: registry.purgedUpTo.bind(registry),
    };
    const asked = Object.assign(Object.create(registry) as Registry, methods);
    const feed = new PurgeFeed({
      clock: systemClock,
      registry: () => asked,
      id: () => 'me',
      isWanted: () => true,
      purge: (purges) => {
        purged.push(...purges);
        return Promise.resolve();
      },
    });
    await feed.read();
    return { feed, purged };
  }

  const away = (): Promise<never> => Promise.reject(new StoreError('unreachable', 'away'));

  test('purges what comes after it began, and says how far it is', async () => {
    await registry.logPurge(tag('before'));
    const { feed, purged } = await follow();
    const place = await registry.logPurge(tag('a'));

    await feed.read();

    expect(purged).toEqual([tag('a')]);
    expect(await registry.purgePlaces()).toEqual(new Map([['me', place]]));
    await feed.close();
    expect(await registry.purgePlaces()).toEqual(new Map());
  });

  test('purges when it is back what it could not read', async () => {
    let isAway = false;
    const { feed, purged } = await follow(() => (isAway ? { purgesAfter: away } : {}));
    isAway = true;
    await registry.logPurge(tag('a'));
    await feed.read();
    expect(purged).toEqual([]);
    isAway = false;

    await feed.read();

    expect(purged).toEqual([tag('a')]);
  });

  test('purges everything when it could not read from the start', async () => {
    let isAway = true;
    const { feed, purged } = await follow(() => (isAway ? { endOfPurges: away } : {}));
    isAway = false;

    await feed.read();

    expect(purged).toEqual(['everything']);
  });
});
