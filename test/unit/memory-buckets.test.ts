import { describe, expect, test } from '@jest/globals';
import { MemoryBuckets } from '@lb/shared/store/memory-buckets';
import type { Bucket } from '@lb/shared/store/store';
import fc from 'fast-check';
import { FakeClock } from '../support/fake-clock.ts';

/** Ten tokens, ten a second. */
const TEN: Bucket = { key: 'ten:a', intervalUs: 100_000, burst: 10 };
const TWO: Bucket = { key: 'two:a', intervalUs: 1_000_000, burst: 2 };

function setUp(most?: number) {
  const clock = new FakeClock();
  return { clock, buckets: new MemoryBuckets(() => clock.monotonicMs(), most) };
}

describe('buckets in memory', () => {
  test('give as many at once as a full bucket holds, and then say when there is one again', () => {
    const { buckets } = setUp();

    const taken = Array.from({ length: 11 }, () => buckets.take([TEN], 1));

    expect(taken.map(({ granted }) => granted)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    expect(taken[0]?.levels).toEqual([{ remaining: 9, retryMs: 0, resetMs: 100 }]);
    expect(taken[10]?.levels).toEqual([{ remaining: 0, retryMs: 100, resetMs: 1_000 }]);
  });

  test('give one back in every interval', () => {
    const { buckets, clock } = setUp();
    buckets.take([TEN], 10);

    clock.pass(99);
    expect(buckets.take([TEN], 1)).toMatchObject({ granted: 0, levels: [{ retryMs: 1 }] });
    clock.pass(1);
    expect(buckets.take([TEN], 1)).toMatchObject({ granted: 1 });
    expect(buckets.take([TEN], 1)).toMatchObject({ granted: 0 });
  });

  test('never hold more than is full, however long nobody comes', () => {
    const { buckets, clock } = setUp();
    buckets.take([TEN], 10);
    clock.pass(3_600_000);

    expect(buckets.take([TEN], 100).granted).toBe(10);
  });

  test('give what there is when more is wanted', () => {
    const { buckets } = setUp();
    buckets.take([TEN], 7);

    expect(buckets.take([TEN], 5).granted).toBe(3);
  });

  test('take from all or from none', () => {
    const { buckets } = setUp();
    buckets.take([TWO], 2);

    const { granted, levels } = buckets.take([TEN, TWO], 1);

    expect(granted).toBe(0);
    expect(levels.map(({ remaining }) => remaining)).toEqual([10, 0]);
    expect(buckets.take([TEN], 10).granted).toBe(10);
  });

  test('get back what was taken a moment ago', () => {
    const { buckets } = setUp();
    buckets.take([TEN], 10);

    buckets.giveBack(TEN, 3);

    expect(buckets.take([TEN], 10).granted).toBe(3);
  });

  test('are as empty as a bucket of the present size can be when the limit was slower before', () => {
    const { buckets, clock } = setUp();
    buckets.take([{ key: TEN.key, intervalUs: 60_000_000, burst: 2 }], 2);

    expect(buckets.take([TEN], 1)).toMatchObject({ granted: 0, levels: [{ retryMs: 100 }] });
    clock.pass(100);
    expect(buckets.take([TEN], 1).granted).toBe(1);
  });

  test('are forgotten when they are full again', () => {
    const { buckets, clock } = setUp();
    for (let i = 0; i < 1_000; i++) buckets.take([{ ...TEN, key: `ten:${i}` }], 1);
    expect(buckets.size).toBe(1_000);
    clock.pass(200);

    for (let i = 0; i < 1_100; i++) buckets.take([TWO], 1);

    expect(buckets.size).toBeLessThanOrEqual(2);
  });

  test('are no more than there may be, whoever comes', () => {
    const { buckets } = setUp(1_000);

    for (let i = 0; i < 50_000; i++) buckets.take([{ ...TEN, key: `ten:${i}` }], 1);

    expect(buckets.size).toBeLessThanOrEqual(1_000);
  });

  test('never give more than the rate and one full bucket, whatever is asked and when', () => {
    const step = fc.record({
      passMs: fc.integer({ min: 0, max: 400 }),
      want: fc.integer({ min: 1, max: 12 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { buckets, clock } = setUp();
        let granted = 0;
        let passedMs = 0;
        for (const { passMs, want } of steps) {
          clock.pass(passMs);
          passedMs += passMs;
          granted += buckets.take([TEN], want).granted;
          expect(granted).toBeLessThanOrEqual(10 + passedMs / 100 + 1e-6);
        }
      }),
    );
  });
});
