import { describe, expect, test } from '@jest/globals';
import { parseCacheControl } from '@lb/worker/internal/cache/directives';
import { parseDate } from '@lb/worker/internal/cache/parse-date';
import { partsOf } from '@lb/worker/internal/cache/ranges';
import { parseTargeted } from '@lb/worker/internal/cache/targeted-directives';
import { varyNames, variantOf } from '@lb/worker/internal/cache/vary';

const NOW = Date.UTC(2026, 10, 26);

describe('Cache-Control', () => {
  test.each([
    ['max-age=60', 60],
    ['MaX-aGe=060', 60],
    ['max-age="60"', 60],
    ['max-age=99999999999', 2 ** 31],
    ['max-age=1, max-age=60', 1],
    ['max-age=-1', 0],
    ["max-age='60'", 0],
    ['max-age=6a', 0],
    ['max-age', 0],
    ['max-age =60', 0],
    ['max-age= 60', 0],
    ['a="max-age=9", max-age=60', 60],
    [String.raw`a="\", max-age=9", max-age=60`, 60],
    ['s-maxage=60', undefined],
  ])('%s says an age of %s at most', (value, seconds) => {
    expect(parseCacheControl(value).maxAge).toBe(seconds);
  });

  test('tells directives of the whole message from those of fields', () => {
    const { noCache, isPrivate, withheld } = parseCacheControl('no-cache="A, b", private=c');

    expect([noCache, isPrivate, withheld]).toEqual([false, false, ['a', 'b', 'c']]);
    expect(parseCacheControl('no-cache, private').noCache).toBe(true);
  });

  test.each([
    ['max-stale', Number.POSITIVE_INFINITY],
    ['max-stale=5', 5],
    ['max-stale=x', undefined],
  ])('%s allows an age beyond it of %s', (value, seconds) => {
    expect(parseCacheControl(value).maxStale).toBe(seconds);
  });
});

describe('CDN-Cache-Control', () => {
  test.each([
    ['max-age=60', 60],
    ['max-age=1;a=b, max-age=60', 60],
    ['a=(1 "x" tok;q=1), b=:aGk=:, c=?0, max-age=60', 60],
    ['no-store, max-age="60"', undefined],
    ['private', undefined],
  ])('%s says %s', (value, seconds) => {
    const directives = parseTargeted(value);

    expect(directives).toBeDefined();
    expect(directives?.maxAge).toBe(seconds);
  });

  test.each([[''], ['MAX-AGE=1'], ['max-age= 1'], ['max-age=1,'], ['max-age=1, &&'], ['a=(1']])(
    '%j is as if it were not there',
    (value) => {
      expect(parseTargeted(value)).toBeUndefined();
    },
  );
});

describe('a date', () => {
  test.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', Date.UTC(1994, 10, 6, 8, 49, 37)],
    ['SUN, 06 NOV 1994 08:49:37 gmt', Date.UTC(1994, 10, 6, 8, 49, 37)],
    ['Sunday, 06-Nov-94 08:49:37 GMT', Date.UTC(1994, 10, 6, 8, 49, 37)],
    ['Sunday, 06-Nov-50 08:49:37 GMT', Date.UTC(2050, 10, 6, 8, 49, 37)],
    ['Sun Nov  6 08:49:37 1994', Date.UTC(1994, 10, 6, 8, 49, 37)],
    ['0', undefined],
    ['Sun, 06 Nov 1994 08:49:37 UTC', undefined],
    ['Sun, 06 Nov 94 08:49:37 GMT', undefined],
    ['Sun, 31 Feb 1994 08:49:37 GMT', undefined],
    ['Sun, 06 Nov 1994 24:49:37 GMT', undefined],
    ['Sun, 06 Nov 1994 8:49:37 GMT', undefined],
  ])('%s', (text, ms) => {
    expect(parseDate(text, NOW)).toBe(ms);
  });
});

describe('a range', () => {
  test.each<[string, ReturnType<typeof partsOf>]>([
    ['bytes=0-0', [{ start: 0, end: 1 }]],
    ['bytes=2-', [{ start: 2, end: 10 }]],
    ['bytes=-3', [{ start: 7, end: 10 }]],
    ['bytes=-30', [{ start: 0, end: 10 }]],
    [
      'bytes=2-30, 0-1',
      [
        { start: 2, end: 10 },
        { start: 0, end: 2 },
      ],
    ],
    ['bytes=10-', []],
    ['bytes=-0', []],
    ['bytes=3-2', undefined],
    ['bytes=-', undefined],
    ['bytes=a-b', undefined],
    ['lines=0-1', undefined],
    ['bytes=0-9, 0-9', undefined],
    [`bytes=${Array.from({ length: 17 }, () => '0-0').join()}`, undefined],
  ])('%s of ten bytes', (range, parts) => {
    expect(partsOf(range, 10)).toEqual(parts);
  });
});

describe('Vary', () => {
  const variant = (vary: string, fields: Record<string, string>): string =>
    variantOf(varyNames(vary) ?? [], { header: (name) => fields[name] });

  test('with a star anywhere tells nothing', () => {
    expect(['*', 'a, *', ', *'].map(varyNames)).toEqual([undefined, undefined, undefined]);
  });

  test.each([
    ['a, B', { a: '1', b: '2' }, 'b,a', { a: '1', b: '2' }],
    ['a', { a: '1,2' }, 'a', { a: '1 ,  2' }],
    [
      'accept-language',
      { 'accept-language': 'EN, de' },
      'accept-language',
      { 'accept-language': 'en,de' },
    ],
  ])('%s of %j is the same as %s of %j', (vary, fields, otherVary, others) => {
    expect(variant(vary, fields)).toBe(variant(otherVary, others));
  });

  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['a', {}, { a: '' }],
    ['a', { a: 'x' }, { a: 'X' }],
    ['a', { a: '"1, 2"' }, { a: '"1,2"' }],
    ['a, b', { a: '1' }, { b: '1' }],
    ['accept-language', { 'accept-language': 'en,de' }, { 'accept-language': 'de,en' }],
  ])('%s tells %j from %j', (vary, fields, others) => {
    expect(variant(vary, fields)).not.toBe(variant(vary, others));
  });
});
