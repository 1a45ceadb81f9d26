/** Which content coding a client gets for what it says it takes. */
import { describe, expect, test } from '@jest/globals';
import { ENCODINGS } from '@lb/shared/model/encoding';
import { chooseEncoding } from '@lb/worker/internal/compress/choose-encoding';

describe('of zstd, br and gzip, the encoding for', () => {
  test.each([
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['GZip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['br;q=0.8, gzip', 'gzip'],
    ['br;q=0.8, gzip;q=0.8', 'br'],
    ['zstd;q=0, br;q=0.001', 'br'],
    ['zstd ; q=0.1 ,\tgzip ;q=0.2', 'gzip'],
    ['*', 'zstd'],
    ['zstd;q=0, *', 'br'],
    ['gzip, *;q=0.5', 'gzip'],
    ['gzip;q=0.5, *', 'zstd'],
    ['gzip, *;q=0', 'gzip'],
    ['identity;q=0, gzip;q=0.1', 'gzip'],
    ['identity, gzip', 'gzip'],
    ['identity;q=0.5, gzip;q=1.0', 'gzip'],
    [', ,gzip,', 'gzip'],
  ])('%j is %s', (accept, encoding) => {
    expect(chooseEncoding(accept, ENCODINGS)).toBe(encoding);
  });

  test.each([
    [undefined],
    [''],
    ['identity'],
    ['deflate, compress'],
    ['gzip;q=0'],
    ['gzip;q=0.000, br;q=0.'],
    ['*;q=0'],
    ['identity;q=0'],
    ['identity;q=1, gzip;q=0.5'],
    ['gzip;q=high'],
    ['gzip;q=1.5'],
    ['gzip;level=9'],
    ['gzipped'],
  ])('%j is none', (accept) => {
    expect(chooseEncoding(accept, ENCODINGS)).toBeUndefined();
  });
});

test('where the client has no preference, the order of the configuration decides', () => {
  expect(chooseEncoding('gzip, br, zstd', ['gzip', 'br'])).toBe('gzip');
});

test('a list of a hundred thousand blanks is read in no time', () => {
  const startedMs = performance.now();

  chooseEncoding(`gzip;${' '.repeat(100_000)}x`, ENCODINGS);

  expect(performance.now() - startedMs).toBeLessThan(100);
});
