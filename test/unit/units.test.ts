import { describe, expect, test } from '@jest/globals';
import { formatDuration, parseByteRate, parseDuration, parseSize } from '@lb/shared/config/units';

describe('units', () => {
  test.each([
    ['250ms', 250],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['1h', 3_600_000],
  ])('reads the duration %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '5', '5 s', '-5s', '5d', 's', '1e3s'])('refuses %p as a duration', (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError);
  });

  test('reads sizes in powers of two and byte rates per second', () => {
    expect(parseSize('64KiB')).toBe(65_536);
    expect(parseByteRate('240B/s')).toBe(240);
    expect(parseByteRate('0')).toBe(0);
  });

  test.each(['0s', '250ms', '5s', '90s', '2m', '1h'])('writes %s back as it was read', (text) => {
    expect(formatDuration(parseDuration(text))).toBe(text);
  });
});
