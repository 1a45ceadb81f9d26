/** Sessions learnt from the backend's own cookie. */
import { describe, expect, test } from '@jest/globals';
import { MemoryStore } from '@lb/shared/store/memory-store';
import { StoreError } from '@lb/shared/store/store';
import { StickyPool } from '../support/sticky-pool.ts';
import { Timeline } from '../support/timeline.ts';

const LEARN = '{ mode: learn, cookie: SID }';
const SET = ['Set-Cookie', 'SID=s1; Path=/; HttpOnly'];
const SENT = { cookie: 'SID=s1' };

function workers(): readonly [StickyPool, StickyPool] {
  const timeline = new Timeline();
  const store = new MemoryStore(() => timeline.monotonicMs());
  const make = (place: number): StickyPool =>
    new StickyPool({ sticky: LEARN, store, timeline, place });
  return [make(0), make(1)];
}

describe('the backend that set the cookie', () => {
  test('has the session also when the store could not be told: the next request does it', async () => {
    const [first, second] = workers();
    const { store } = first;
    const remember = store.remember.bind(store);
    store.remember = () => Promise.reject(new StoreError('timeout', 'no answer'));
    const backend = await first.ask({}, SET);
    store.remember = remember;
    await first.ask(SENT);

    expect([await second.ask(SENT), await second.ask(SENT)]).toEqual([backend, backend]);
  });

  test('has the session, for all workers', async () => {
    const [first, second] = workers();
    const backend = await first.ask({}, SET);

    for (let i = 0; i < 6; i++) {
      expect(await first.ask(SENT)).toBe(backend);
      expect(await second.ask(SENT)).toBe(backend);
    }
    expect(first.counts()).toEqual({ hit: 6, new: 1, rebound: 0 });
    expect(second.counts()).toEqual({ hit: 6, new: 0, rebound: 0 });
  });

  test('has another one by its next cookie, as after a login', async () => {
    const [first, second] = workers();
    const backend = await first.ask({}, SET);
    await first.ask(SENT, ['Set-Cookie', 'SID=s2']);

    expect(await second.ask({ cookie: 'SID=s2' })).toBe(backend);
  });

  test('loses it to the next when it is down; that one keeps it', async () => {
    const [first, second] = workers();
    const backend = (await first.ask({}, SET)) ?? '';
    for (const pool of [first, second]) pool.setState(backend, 'down');
    const moved = await first.ask(SENT);
    for (const pool of [first, second]) pool.setState(backend, 'up');

    expect(moved).not.toBe(backend);
    expect([await first.ask(SENT), await second.ask(SENT)]).toEqual([moved, moved]);
    expect(first.counts()).toEqual({ hit: 1, new: 1, rebound: 1 });
  });

  test('that sets it again with each answer is asked of the store once', async () => {
    const [first] = workers();
    await first.ask({}, SET);
    let told = 0;
    first.store.remember = async () => void told++;

    await first.ask(SENT, SET);

    expect(told).toBe(0);
  });
});

describe('a session that nobody knows', () => {
  test('goes by the policy and is not counted', async () => {
    const [first] = workers();

    const asked = [await first.ask(SENT), await first.ask(SENT), await first.ask(SENT)];

    expect(new Set(asked).size).toBe(3);
    expect(first.counts()).toEqual({ hit: 0, new: 0, rebound: 0 });
  });

  test('nor does a cookie of another name begin one', async () => {
    const [first] = workers();
    await first.ask({}, ['Set-Cookie', 'OTHER=SID=s1']);

    expect(new Set([await first.ask(SENT), await first.ask(SENT)]).size).toBe(2);
  });
});

test.each([
  ['SID=s1; Max-Age=0'],
  ['SID=s1; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
  ['SID=; Path=/'],
])('a cookie that is taken away begins no session: %s', async (field) => {
  const [first] = workers();

  await first.ask({}, ['Set-Cookie', field]);

  expect(first.counts().new).toBe(0);
});
