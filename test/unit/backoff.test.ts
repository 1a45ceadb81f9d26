import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '@lb/shared/time/clock';
import { backoffMs } from '@lb/worker/internal/forward/backoff';

const CONFIG = { base: 25, max: 250 };

describe('the wait before a retry', () => {
  test.each([
    [0, 25],
    [1, 50],
    [2, 100],
    [3, 200],
    [4, 250],
    [9, 250],
  ])('after %i doublings is anything up to %i ms', (doublings, most) => {
    const random = seededRandom(doublings + 1);
    const waits = Array.from({ length: 1_000 }, () => backoffMs(CONFIG, doublings, random));

    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
    expect(Math.min(...waits)).toBeLessThan(most / 20);
    expect(Math.max(...waits)).toBeLessThan(most);
    expect(Math.max(...waits)).toBeGreaterThan(most * 0.95);
  });

  test('is none with a base of 0s', () => {
    expect(backoffMs({ base: 0, max: 250 }, 3, () => 0.9)).toBe(0);
  });
});
