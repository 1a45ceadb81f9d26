/** How many second tries a pool may have at once. */
import { describe, expect, test } from '@jest/globals';
import { RetryBudget } from '@lb/worker/internal/forward/retry-budget';

/** Takes places until one is refused, of at most 100; each is in flight as soon as it is taken. */
function places(budget: RetryBudget, { load = 0, nowMs = 0 } = {}): number {
  const pool = { load };
  while (pool.load < load + 100 && budget.take(pool, 1, nowMs)) pool.load++;
  return pool.load - load;
}

describe('a budget of retries', () => {
  test.each([
    ['the minimum, where little is in flight', { percent: 20, min: 3 }, 4, 3],
    ['its percentage of what is in flight, where that is more', { percent: 20, min: 3 }, 99, 20],
    ['half of it', { percent: 50, min: 0 }, 9, 5],
    ['nothing with percent 0 and min 0', { percent: 0, min: 0 }, 99, 0],
    ['as many retries as requests with 100', { percent: 100, min: 0 }, 29, 30],
  ])('allows %s', (_what, config, load, allowed) => {
    expect(places(new RetryBudget(config), { load })).toBe(allowed);
  });

  test('counts the places of the other workers, and does not take their retries for requests', () => {
    const budget = new RetryBudget({ percent: 20, min: 3 });
    budget.setElsewhere(2, 0);

    expect(places(budget, { load: 2 })).toBe(1);
    expect(places(new RetryBudget({ percent: 20, min: 3 }), { load: 99 })).toBe(20);
    const other = new RetryBudget({ percent: 20, min: 3 });
    other.setElsewhere(15, 0);
    expect(places(other, { load: 99 + 15 })).toBe(5);
  });

  test('gives a place to the next as soon as it is free', () => {
    const budget = new RetryBudget({ percent: 0, min: 1 });
    budget.take({ load: 0 }, 1, 0);

    budget.giveBack(false, 5);

    expect(places(budget, { nowMs: 5 })).toBe(1);
  });

  test('lets those wait who come when it is used up, and serves them in turn', async () => {
    const budget = new RetryBudget({ percent: 0, min: 1 });
    const pool = { load: 0 };
    const served: string[] = [];
    budget.take(pool, 1, 0);
    for (const name of ['a', 'b'])
      budget.wait(pool, 60_000, (hasPlace) => served.push(`${name} ${hasPlace}`));

    budget.giveBack(false, 5);
    await Promise.resolve();
    expect(served).toEqual(['a true']);

    budget.giveBack(false, 5);
    await Promise.resolve();
    expect(served).toEqual(['a true', 'b true']);
  });

  test('waits for the places of other workers as well', async () => {
    const budget = new RetryBudget({ percent: 0, min: 3 });
    const taken: boolean[] = [];
    budget.setElsewhere(3, 0);
    budget.wait({ load: 0 }, 60_000, (hasPlace) => taken.push(hasPlace));
    expect(taken).toEqual([]);

    budget.setElsewhere(2, 50);
    await Promise.resolve();

    expect(taken).toEqual([true]);
  });

  test('lets nobody wait for the places of tries in vain, nor without end', async () => {
    const budget = new RetryBudget({ percent: 0, min: 1 });
    const pool = { load: 0 };
    const inTime = Promise.withResolvers<boolean>();
    budget.take(pool, 1, 0);
    budget.wait(pool, 1, inTime.resolve);
    expect(await inTime.promise).toBe(false);

    budget.giveBack(true, 5);
    let hasPlace = true;
    budget.wait(pool, 60_000, (has) => (hasPlace = has));
    expect(hasPlace).toBe(false);
  });

  test('leaves the place of a try in vain empty for a second', () => {
    const budget = new RetryBudget({ percent: 0, min: 1 });
    budget.take({ load: 0 }, 1, 0);

    budget.giveBack(true, 5);

    expect(places(budget, { nowMs: 1_004 })).toBe(0);
    expect(budget.taken(1_004)).toBe(1);
    expect(budget.taken(1_005)).toBe(0);
    expect(places(budget, { nowMs: 1_005 })).toBe(1);
  });

  test('takes over another size at once', () => {
    const budget = new RetryBudget({ percent: 0, min: 1 });
    places(budget);

    budget.configure({ percent: 0, min: 3 });

    expect(places(budget)).toBe(2);
  });

  test('keeps a storm within its percentage, however soon backends refuse', () => {
    const budget = new RetryBudget({ percent: 20, min: 3 });
    let retries = 0;
    // 1,000 requests a second, one at a time, each refused at once, and so is its retry.
    for (let nowMs = 0; nowMs < 10_000; nowMs++) {
      if (!budget.take({ load: 0 }, 1, nowMs)) continue;
      retries++;
      budget.giveBack(true, nowMs);
    }

    expect(retries).toBeLessThanOrEqual(2_000);
    expect(retries).toBeGreaterThan(0);
  });
});
