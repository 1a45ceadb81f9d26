import { describe, expect, test } from '@jest/globals';
import {
  formatByteRate,
  formatRate,
  formatSize,
  parseByteRate,
  parseRate,
  parseSize,
} from '@lb/shared/config/units';

describe('sizes and rates', () => {
  test.each(['0B', '512B', '1000B', '64KiB', '10MiB', '1GiB'])(
    'write %s back as it was read',
    (text) => {
      expect(formatSize(parseSize(text))).toBe(text);
    },
  );

  test.each(['0', '240B/s', '1KiB/s'])('write %s back as it was read', (text) => {
    expect(formatByteRate(parseByteRate(text))).toBe(text);
  });

  test.each([
    ['100/s', 100],
    ['90/m', 1.5],
    ['10000/h', 10_000 / 3_600],
    ['1/h', 1 / 3_600],
  ])('read %s as so many a second, and write it back', (text, perSecond) => {
    expect(parseRate(text)).toBeCloseTo(perSecond, 9);
    expect(formatRate(parseRate(text))).toBe(text);
  });
});
