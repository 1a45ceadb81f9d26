import { describe, expect, test } from '@jest/globals';
import { isPanic, mayEject } from '@lb/shared/model/rotation';
import type { BackendState, Effective } from '@lb/shared/model/snapshot';

/** Backends of weight 1, by the first letters of their states. */
function pool(letters: string): Effective[] {
  const states: Readonly<Record<string, BackendState>> = {
    u: 'up',
    d: 'down',
    e: 'ejected',
    m: 'maintenance',
    r: 'draining',
  };
  return Array.from(letters, (letter) => ({ state: states[letter] ?? 'unknown', weight: 1 }));
}

describe('a pool panics', () => {
  test.each([
    ['uudd', 50, false],
    ['uddd', 50, true],
    ['ueee', 50, true],
    ['????', 100, false],
    ['uud', 100, true],
    ['dddd', 0, false],
    ['dddd', 1, true],
    ['umrr', 50, false],
    ['udmr', 51, true],
    ['mmrr', 50, false],
    ['', 50, false],
  ])('of %s, with a threshold of %d: %p', (letters, threshold, expected) => {
    expect(isPanic(pool(letters), threshold)).toBe(expected);
  });

  test('not for backends without weight', () => {
    expect(isPanic([...pool('u'), { state: 'down', weight: 0 }], 60)).toBe(false);
  });
});

describe('the first backend', () => {
  test.each([
    ['uu', 50, true],
    ['uu', 49, false],
    ['uuu', 34, true],
    ['uuu', 33, false],
    ['uuue', 50, true],
    ['uuee', 50, false],
    ['ud', 100, false],
    ['udmre', 100, false],
    ['u', 100, false],
    ['du', 100, true],
  ])('of %s may be ejected when %d percent may: %p', (letters, percent, expected) => {
    const all = pool(letters);
    const [first] = all;
    expect(first && mayEject(first, all, percent)).toBe(expected);
  });

  test('stays when the others have no weight', () => {
    const [first] = pool('u');
    expect(first && mayEject(first, [first, { state: 'up', weight: 0 }], 100)).toBe(false);
  });
});
