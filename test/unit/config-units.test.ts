import { describe, expect, test } from '@jest/globals';
import { formatByteRate, formatSize, parseByteRate, parseSize } from '@lb/shared/config/units';

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
});
