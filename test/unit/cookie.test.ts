import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readCookie } from '@lb/worker/internal/request/cookie';

const SEED = 20_261_128;

describe('the value of a cookie', () => {
  test.each([
    ['a=1', '1'],
    ['b=2; a=1', '1'],
    ['a=1; a=2', '1'],
    ['b=2;a=1;c=3', '1'],
    ['  a=1  ; b=2', '1'],
    ['b=2, a=1', '1'],
    ['a=1, b=2', '1'],
    ['a="1"', '1'],
    ['a="', '"'],
    ['a=""', ''],
    ['a=', ''],
    ['a=b=c', 'b=c'],
    ['aa=2; a=1', '1'],
    ['ba=2; a=1', '1'],
    ['b=a=2; a=1', '1'],
    ['b=x a=2; a=1', '1'],
    ['a; a=1', '1'],
  ])('in %j is %j', (cookies, value) => {
    expect(readCookie(cookies, 'a')).toBe(value);
  });

  test.each([undefined, '', 'a', 'A=1', 'aa=1', 'ba=1', 'b=a=1', 'b=a', ' a =1'])(
    'is none in %j',
    (cookies) => {
      expect(readCookie(cookies, 'a')).toBeUndefined();
    },
  );

  test('is found among any others', () => {
    const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}$/);
    const value = fc.stringMatching(/^[!#-+./0-:<-[\]-~-]{0,12}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { minLength: 1 }), fc.nat(), (pairs, at) => {
        const [wanted = ''] = pairs[at % pairs.length] ?? [];
        const cookies = pairs.map((pair) => pair.join('=')).join('; ');
        const first = pairs.find(([other]) => other === wanted);
        expect(readCookie(cookies, wanted)).toBe(first?.[1]);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});
