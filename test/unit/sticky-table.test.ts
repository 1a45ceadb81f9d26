/** Sessions in a table: several workers over one store, as they agree, and as they go on without it. */
import { describe, expect, test } from '@jest/globals';
import { MemoryStore } from '@lb/shared/store/memory-store';
import { type Session, type Store, StoreError } from '@lb/shared/store/store';
import { StickyPool } from '../support/sticky-pool.ts';
import { Timeline } from '../support/timeline.ts';

const TABLE = '{ mode: table, key: "header:X-User", ttl: 10m }';
const ANN = { 'x-user': 'ann' };

/** The store, as it may be away, and what it was asked. */
class SpiedStore extends MemoryStore implements Store {
  isAway = false;
  readonly asked: (readonly [operation: string, key: string])[] = [];

  override bind(...ask: Parameters<Store['bind']>): Promise<string> {
    return this.#note('bind', ask[0]) ?? super.bind(...ask);
  }

  override find(...ask: Parameters<Store['find']>): Promise<string | undefined> {
    return this.#note('find', ask[0]) ?? super.find(...ask);
  }

  override remember(...ask: Parameters<Store['remember']>): Promise<void> {
    return this.#note('remember', ask[0]) ?? super.remember(...ask);
  }

  #note(operation: string, { key }: Session): Promise<never> | undefined {
    this.asked.push([operation, key]);
    return this.isAway
      ? Promise.reject(new StoreError('unreachable', 'the store is away'))
      : undefined;
  }
}

/** Workers of one instance, or of several: to the store it is the same. */
function workers(count: number, sticky = TABLE) {
  const timeline = new Timeline();
  const store = new SpiedStore(() => timeline.monotonicMs());
  const pools = Array.from(
    { length: count },
    (_, place) => new StickyPool({ sticky, store, timeline, place }),
  );
  const [first] = pools;
  if (first === undefined) throw new Error('there is one at least');
  return { timeline, store, pools, first, second: pools[1] ?? first };
}

/** Lets what goes on behind the back of requests come to its end. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a session', () => {
  test('has one backend, whichever worker its requests come to', async () => {
    const { pools, first } = workers(3);
    const backend = await first.ask(ANN);

    for (let i = 0; i < 12; i++) expect(await pools[i % 3]?.ask(ANN)).toBe(backend);
    expect(pools.map((pool) => pool.counts())).toEqual([
      { hit: 4, new: 1, rebound: 0 },
      { hit: 4, new: 0, rebound: 0 },
      { hit: 4, new: 0, rebound: 0 },
    ]);
  });

  test('that comes to all workers at the same moment gets one backend', async () => {
    const { pools } = workers(3);
    const requests = pools.map((pool) => pool.request(ANN));

    const chosen = await Promise.all(requests.map((request) => request.next()));
    await Promise.all(requests.map((request) => request.answer()));

    expect(new Set(chosen).size).toBe(1);
    const began = pools.map((pool) => pool.counts().new).reduce((sum, count) => sum + count);
    expect(began).toBe(1);
  });

  test('is asked for in the store once, then known', async () => {
    const { first, store } = workers(1);
    await first.ask(ANN);
    const { length } = store.asked;
    const request = first.request(ANN);

    await request.next();

    expect(request.wasAtOnce).toBe(true);
    expect(store.asked).toHaveLength(length);
  });

  test('stands in the store under a key that does not tell what the client sent', async () => {
    const { first, store } = workers(1);
    await first.ask(ANN);

    for (const [, key] of store.asked) expect(key).toMatch(/^[\w-]{22}$/);
    expect(JSON.stringify(store.asked)).not.toContain('ann');
  });

  test('without a key there is none: the policy decides and nothing is counted', async () => {
    const { first, store } = workers(1);

    const chosen = [await first.ask(), await first.ask(), await first.ask()];

    expect(new Set(chosen).size).toBe(3);
    expect(store.asked).toEqual([]);
    expect(first.counts()).toEqual({ hit: 0, new: 0, rebound: 0 });
  });

  test.each([
    ['cookie:SID', { cookie: 'a=1; SID=s1' }, { cookie: 'SID=s2' }],
    ['header:X-User', { 'x-user': '1' }, { 'x-user': '2' }],
  ])('is told from others by %s', async (key, one, other) => {
    const { first, second } = workers(2, `{ mode: table, key: "${key}" }`);
    const backends = [await first.ask(one), await first.ask(other)];

    expect(backends[0]).not.toBe(backends[1]);
    expect([await second.ask(one), await second.ask(other)]).toEqual(backends);
  });

  test('stays where it is when the weight becomes 0, and new ones go elsewhere', async () => {
    const { first, second } = workers(2);
    first.apply({ names: ['a'] });
    await first.ask(ANN);
    for (const pool of [first, second]) pool.apply({ names: ['a*0', 'b'] });

    expect([await first.ask(ANN), await second.ask(ANN)]).toEqual(['a', 'a']);
    expect(await first.ask({ 'x-user': 'bob' })).toBe('b');
  });

  test('stays where it is through a reload that brings backends', async () => {
    const { first } = workers(1);
    const backend = await first.ask(ANN);
    first.apply({ names: ['d', 'a', 'b', 'c', 'e'] });

    for (let i = 0; i < 5; i++) expect(await first.ask(ANN)).toBe(backend);
  });
});

describe('a backend that is gone', () => {
  test('down: its session moves once, to the same other backend for all workers', async () => {
    const { pools, first } = workers(3);
    const backend = (await first.ask(ANN)) ?? '';
    for (const pool of pools) {
      await pool.ask(ANN);
      pool.setState(backend, 'down');
    }

    const moved = [];
    for (let i = 0; i < 12; i++) moved.push(await pools[i % 3]?.ask(ANN));

    expect(new Set(moved).size).toBe(1);
    expect(moved).not.toContain(backend);
    expect(pools.map((pool) => pool.counts().rebound)).toEqual([1, 0, 0]);
  });

  test('down for all workers at the same moment: they agree', async () => {
    const { pools, first } = workers(3);
    const backend = (await first.ask(ANN)) ?? '';
    for (const pool of pools) {
      await pool.ask(ANN);
      pool.setState(backend, 'down');
    }

    const moved = await Promise.all(pools.map((pool) => pool.ask(ANN)));

    expect(new Set(moved).size).toBe(1);
  });

  test('and back: a session that moved meanwhile stays where it is', async () => {
    const { first, second } = workers(2);
    const backend = (await first.ask(ANN)) ?? '';
    await second.ask(ANN);
    for (const pool of [first, second]) pool.setState(backend, 'down');
    const moved = await first.ask(ANN);
    for (const pool of [first, second]) pool.setState(backend, 'up');

    // The second worker had no request of the session while its backend was down.
    expect([await second.ask(ANN), await first.ask(ANN)]).toEqual([moved, moved]);
  });

  test('fails a request: another gets it, and all that follow, here and there', async () => {
    const { first, second } = workers(2);
    const backend = await first.ask(ANN);
    const request = first.request(ANN);
    await request.next();

    const other = await request.next();
    await request.answer();

    expect(other).not.toBe(backend);
    expect([await first.ask(ANN), await second.ask(ANN)]).toEqual([other, other]);
    expect(first.counts()).toEqual({ hit: 1, new: 1, rebound: 1 });
  });

  test('left the pool: its session moves', async () => {
    const { first, second } = workers(2);
    first.apply({ names: ['a'] });
    await first.ask(ANN);
    for (const pool of [first, second]) pool.apply({ names: ['b', 'c'] });

    const moved = await second.ask(ANN);

    expect(moved).toMatch(/[bc]/);
    expect(await first.ask(ANN)).toBe(moved);
  });

  test('and was the only one: nobody is chosen, and the session is as it was', async () => {
    const { first } = workers(1);
    first.apply({ names: ['a'] });
    await first.ask(ANN);
    first.setState('a', 'down');
    const nobody = await first.ask(ANN);
    first.setState('a', 'up');

    expect([nobody, await first.ask(ANN)]).toEqual([undefined, 'a']);
  });

  test('fails and is the only one: it is tried again', async () => {
    const { first } = workers(1);
    first.apply({ names: ['a'] });
    const request = first.request(ANN);

    expect([await request.next(), await request.next()]).toEqual(['a', 'a']);
  });
});

describe('time', () => {
  test('a session that was not used for its ttl is new again', async () => {
    const { first, timeline } = workers(1);
    await first.ask(ANN);
    await timeline.advance(600_000);

    await first.ask(ANN);

    expect(first.counts()).toEqual({ hit: 0, new: 2, rebound: 0 });
  });

  test('a session that is used is not forgotten, though this worker needs not ask for it', async () => {
    const { first, second, timeline } = workers(2);
    const backend = await first.ask(ANN);
    for (let i = 0; i < 150; i++) {
      await timeline.advance(10_000);
      await first.ask(ANN);
    }

    expect(await second.ask(ANN)).toBe(backend);
    expect(second.counts().hit).toBe(1);
  });

  test('what others decided is learnt within seconds, by a request that does not wait for it', async () => {
    const { first, second, timeline } = workers(2);
    await first.ask(ANN);
    const stale = await second.ask(ANN);
    const request = first.request(ANN);
    await request.next();
    const moved = await request.next();
    await request.answer();
    await timeline.advance(5_000);
    const asking = second.request(ANN);

    expect(await asking.next()).toBe(stale);
    expect(asking.wasAtOnce).toBe(true);
    await settle();
    expect(await second.ask(ANN)).toBe(moved);
  });

  test('what was not used for a minute is asked for first', async () => {
    const { first, second, timeline } = workers(2);
    await first.ask(ANN);
    await second.ask(ANN);
    const request = first.request(ANN);
    await request.next();
    const moved = await request.next();
    await timeline.advance(60_000);

    expect(await second.ask(ANN)).toBe(moved);
  });
});

describe('while the store is away', () => {
  test('each worker goes on by what it knows', async () => {
    const { first, store, timeline } = workers(1);
    const backend = await first.ask(ANN);
    store.isAway = true;

    for (let i = 0; i < 20; i++) {
      expect(await first.ask(ANN)).toBe(backend);
      await timeline.advance(20_000);
    }
  });

  test('a new session keeps to one backend in the worker that it came to', async () => {
    const { first, store } = workers(1);
    store.isAway = true;
    const backend = await first.ask(ANN);

    for (let i = 0; i < 5; i++) expect(await first.ask(ANN)).toBe(backend);
    expect(first.counts()).toEqual({ hit: 5, new: 1, rebound: 0 });
  });

  test('a session whose backend is down moves once', async () => {
    const { first, store } = workers(1);
    const backend = (await first.ask(ANN)) ?? '';
    store.isAway = true;
    first.setState(backend, 'down');

    const moved = await first.ask(ANN);

    expect(moved).not.toBe(backend);
    expect(await first.ask(ANN)).toBe(moved);
    expect(first.counts()).toEqual({ hit: 1, new: 1, rebound: 1 });
  });

  test('a store that comes back empty is told what is known', async () => {
    const { first, second, store } = workers(2);
    store.isAway = true;
    const backend = await first.ask(ANN);
    store.isAway = false;
    await first.ask(ANN);

    expect(await second.ask(ANN)).toBe(backend);
  });

  test('what a worker decides lasts no longer than that, where others have agreed', async () => {
    const { first, second, store } = workers(2);
    const agreed = await first.ask(ANN);
    store.isAway = true;
    const alone = await second.ask(ANN);
    store.isAway = false;

    expect(alone).not.toBe(agreed);
    expect([await second.ask(ANN), await second.ask(ANN)]).toEqual([agreed, agreed]);
    expect(store.asked.at(-1)).toEqual(['find', expect.anything()]);
    expect(store.asked).toHaveLength(4);
  });

  test('an error that is none of the store’s is not taken for its absence', async () => {
    const { first, store } = workers(1);
    store.find = () => Promise.reject(new Error('a bug'));

    await expect(first.ask(ANN)).rejects.toThrow('a bug');
  });
});
