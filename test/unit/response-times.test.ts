/** The p95 that a hedge goes by. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ResponseTimes } from '@lb/worker/internal/forward/response-times';

function observed(times: readonly number[], nowMs = 0): ResponseTimes {
  const seen = new ResponseTimes(0.95);
  for (const ms of times) seen.observe(ms, nowMs);
  return seen;
}

describe('the estimate of a quantile', () => {
  test('is none with less than 20 samples', () => {
    expect(observed(Array.from({ length: 19 }, () => 5)).estimateMs(0)).toBeUndefined();
    expect(observed(Array.from({ length: 20 }, () => 5)).estimateMs(0)).toBeDefined();
  });

  test('passes over the slowest 5 %', () => {
    const times = Array.from({ length: 1_000 }, (_, n) => (n % 20 === 0 ? 5_000 : 10));
    const estimate = observed(times).estimateMs(0) ?? 0;

    expect(estimate).toBeGreaterThanOrEqual(10);
    expect(estimate).toBeLessThan(12);
  });

  test('is never below the quantile, and an eighth above it at most, or a sixteenth of a millisecond', () => {
    const times = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), {
      minLength: 20,
      maxLength: 200,
    });
    fc.assert(
      fc.property(times, (all) => {
        const sorted = all.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(all.length * 0.95) - 1] ?? 0;
        const estimate = observed(all).estimateMs(0) ?? 0;
        expect(estimate).toBeGreaterThanOrEqual(exact);
        expect(estimate).toBeLessThanOrEqual(exact * 1.125 + 1 / 16);
      }),
    );
  });

  test('follows what happens, and forgets what was', () => {
    const seen = observed(Array.from({ length: 100 }, () => 1_000));
    for (let n = 0; n < 100; n++) seen.observe(10, 10_000);
    const both = seen.estimateMs(10_000) ?? 0;

    for (let n = 0; n < 100; n++) seen.observe(10, 20_000);

    expect(both).toBeGreaterThanOrEqual(1_000);
    expect(seen.estimateMs(20_000)).toBeLessThan(12);
    expect(seen.estimateMs(60_000)).toBeUndefined();
  });
});
