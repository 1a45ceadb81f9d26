/** What every store does, whatever it keeps its state in. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Store, Taken } from '@lb/shared/store/store';
import { eventually } from './eventually.ts';

/** The same store, as two processes have it. */
export interface TwoClients extends AsyncDisposable {
  readonly one: Store;
  readonly other: Store;
}

const HOUR_US = 3_600_000_000;
const HOUR_MS = 3_600_000;

export function storeConformance(name: string, open: () => Promise<TwoClients>): void {
  let clients: TwoClients;
  let one: Store;
  let other: Store;

  beforeAll(async () => {
    clients = await open();
    ({ one, other } = clients);
  });
  afterAll(async () => clients[Symbol.asyncDispose]());

  describe(`buckets in ${name}`, () => {
    const hourly = (key: string, burst: number) => ({ key, burst, intervalUs: HOUR_US });
    const granted = ({ granted: count }: Taken): number => count;

    test('a bucket that nobody knows is full', async () => {
      const taken = await one.take([hourly('new', 3)], 1);
      expect(taken.granted).toBe(1);
      expect(taken.levels).toHaveLength(1);
      expect(taken.levels[0]).toMatchObject({ remaining: 2, retryMs: 0 });
      expect(taken.levels[0]?.resetMs).toBeCloseTo(HOUR_MS, -2);
    });

    test('an empty bucket gives nothing, and says when there is a token and when it is full', async () => {
      await one.take([hourly('empty', 2)], 2);
      const taken = await one.take([hourly('empty', 2)], 1);
      expect(taken.granted).toBe(0);
      const [level] = taken.levels;
      expect(level?.remaining).toBe(0);
      // However long the two calls took: hours are long.
      expect((level?.retryMs ?? 0) / HOUR_MS).toBeCloseTo(1, 2);
      expect((level?.resetMs ?? 0) / HOUR_MS).toBeCloseTo(2, 2);
    });

    test('what is refused costs no tokens', async () => {
      await one.take([hourly('refused', 1)], 1);
      const before = await one.take([hourly('refused', 1)], 1);
      const after = await one.take([hourly('refused', 1)], 1);
      expect(after.levels[0]?.resetMs).toBeLessThanOrEqual(before.levels[0]?.resetMs ?? 0);
    });

    test('gives what there is when more is wanted', async () => {
      expect(granted(await one.take([hourly('partial', 5)], 3))).toBe(3);
      expect(granted(await one.take([hourly('partial', 5)], 10))).toBe(2);
      expect(granted(await one.take([hourly('partial', 5)], 10))).toBe(0);
    });

    test('takes the same number out of each of several buckets', async () => {
      const [wide, narrow] = [hourly('wide', 10), hourly('narrow', 4)];
      const taken = await one.take([wide, narrow], 6);
      expect(taken.granted).toBe(4);
      expect(taken.levels.map(({ remaining }) => remaining)).toEqual([6, 0]);
    });

    test('takes nothing out of any bucket when one is empty', async () => {
      const [full, empty] = [hourly('untouched', 10), hourly('drained', 1)];
      await one.take([empty], 1);
      const taken = await one.take([full, empty], 1);
      expect(taken.granted).toBe(0);
      expect(taken.levels.map(({ remaining }) => remaining)).toEqual([10, 0]);
      expect(granted(await one.take([full], 10))).toBe(10);
    });

    test('tokens come back one by one', async () => {
      const bucket = { key: 'refilled', burst: 2, intervalUs: 20_000 };
      await one.take([bucket], 2);
      const taken = await eventually(async () => {
        const again = await one.take([bucket], 2);
        if (again.granted === 0) throw new Error('nothing has come back yet');
        return again;
      });
      expect(taken.levels[0]?.resetMs).toBeGreaterThan(0);
      expect(taken.levels[0]?.resetMs).toBeLessThanOrEqual(40);
    });

    test('an interval of a fraction of a microsecond adds up', async () => {
      const bucket = { key: 'fractions', burst: 1_000_000, intervalUs: HOUR_US / 1e6 + 1 / 3 };
      for (let i = 0; i < 9; i++) await one.take([bucket], 1);
      const { levels } = await one.take([bucket], 1);
      // What came back meanwhile is less than a token, and never more than ten were taken.
      expect(levels[0]?.resetMs).toBeLessThanOrEqual((10 * bucket.intervalUs) / 1_000 + 1e-6);
      expect(levels[0]?.remaining).toBeGreaterThanOrEqual(1_000_000 - 10);
    });

    test('a limit that was lowered empties the bucket, and does not owe what was taken before', async () => {
      await one.take([hourly('lowered', 100)], 90);
      const { granted: count, levels } = await one.take([hourly('lowered', 5)], 1);
      expect(count).toBe(0);
      expect(levels[0]?.remaining).toBe(0);
      expect((levels[0]?.resetMs ?? 0) / HOUR_MS).toBeCloseTo(5, 2);
    });

    test('a bucket that was emptied by a slow limit fills up as fast as the present one says', async () => {
      await one.take([hourly('sped-up', 2)], 2);
      const bucket = { key: 'sped-up', burst: 2, intervalUs: 20_000 };
      await eventually(async () => expect(granted(await one.take([bucket], 1))).toBe(1));
    });

    test('fifty who ask at once get the twenty tokens that there are, and no more', async () => {
      const asked = Array.from({ length: 50 }, (_, i) =>
        (i % 2 === 0 ? one : other).take([hourly('rush', 20)], 1),
      );
      const counts = (await Promise.all(asked)).map(granted);
      expect(counts.filter((count) => count === 1)).toHaveLength(20);
      expect(counts.filter((count) => count === 0)).toHaveLength(30);
    });
  });

  describe(`sessions in ${name}`, () => {
    const session = (key: string, pool = 'web') => ({ pool, key });

    test('a new session gets the backend that is proposed, and keeps it', async () => {
      expect(await one.bind(session('kept'), 'a', HOUR_MS)).toBe('a');
      expect(await other.bind(session('kept'), 'b', HOUR_MS)).toBe('a');
      expect(await other.find(session('kept'), HOUR_MS)).toBe('a');
    });

    test('a session that nobody knows has no backend', async () => {
      expect(await one.find(session('unknown'), HOUR_MS)).toBeUndefined();
    });

    test('two who bind a new session at the same moment get the same answer', async () => {
      for (let i = 0; i < 20; i++) {
        const answers = await Promise.all([
          one.bind(session(`race-${i}`), 'a', HOUR_MS),
          other.bind(session(`race-${i}`), 'b', HOUR_MS),
        ]);
        expect(answers[0]).toBe(answers[1]);
      }
    });

    test('a session whose backend is gone gets the one that is proposed', async () => {
      await one.bind(session('moved'), 'a', HOUR_MS);
      expect(await other.bind(session('moved'), 'b', HOUR_MS, 'a')).toBe('b');
      expect(await one.bind(session('moved'), 'c', HOUR_MS, 'a')).toBe('b');
    });

    test('the same key in two pools is two sessions', async () => {
      await one.bind(session('shared', 'web'), 'a', HOUR_MS);
      expect(await one.find(session('shared', 'api'), HOUR_MS)).toBeUndefined();
    });

    test('remembering replaces what was before', async () => {
      await one.bind(session('replaced'), 'a', HOUR_MS);
      await one.remember(session('replaced'), 'b', HOUR_MS);
      expect(await other.find(session('replaced'), HOUR_MS)).toBe('b');
    });

    test('a session is forgotten when its time is up', async () => {
      await one.remember(session('short'), 'a', 20);
      await eventually(async () => {
        // Asking makes it live on: for a shorter time than it takes to ask again.
        if ((await other.find(session('short'), 1)) !== undefined) throw new Error('still there');
      });
      expect(await one.bind(session('short'), 'b', HOUR_MS)).toBe('b');
    });

    test('asking makes a session live longer', async () => {
      await one.remember(session('asked'), 'a', 500);
      expect(await one.find(session('asked'), HOUR_MS)).toBe('a');
      const untilMs = performance.now() + 600;
      await eventually(() => {
        if (performance.now() < untilMs) throw new Error('not yet');
      });
      expect(await one.find(session('asked'), HOUR_MS)).toBe('a');
    });
  });
}
