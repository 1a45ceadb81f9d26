import { describe, expect, test } from '@jest/globals';
import { cellOf, DURATION_CELLS, middleMs } from '@lb/shared/metrics/traffic-cells';
import fc from 'fast-check';

describe('the cells of durations', () => {
  test('are right to 1.6 % from 32 microseconds to 134 seconds', () => {
    const durations = fc.double({ min: 0.032, max: 134_000, noNaN: true });
    fc.assert(
      fc.property(durations, (ms) => {
        expect(Math.abs(middleMs(cellOf(ms)) - ms) / ms).toBeLessThanOrEqual(1 / 62);
      }),
    );
  });

  test('go up with what they count', () => {
    const durations = fc.double({ min: 0, max: 200_000, noNaN: true });
    const isRising = fc.property(durations, durations, (a, b) => a > b || cellOf(a) <= cellOf(b));
    expect(fc.check(isRising).failed).toBe(false);
  });

  test.each([
    [-1, 0],
    [0, 0],
    [1e9, DURATION_CELLS - 1],
  ])('take %d ms as well, into cell %d', (ms, cell) => {
    expect(cellOf(ms)).toBe(cell);
  });
});
