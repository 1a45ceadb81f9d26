import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '@lb/shared/time/clock';
import { checkReading, checkReference } from './check-input.ts';
import { keptBytesOf } from './memory.ts';
import { cut, makeInput } from './mutate.ts';
import { reduce } from './reduce.ts';
import { SharedInput } from './shared-input.ts';
import type { FuzzTarget } from './target.ts';
import { TARGETS } from './targets.ts';

const INPUTS = 1_000;

/** Reads everything as its text, but for what is given. */
function targetWith(changes: Partial<FuzzTarget>): FuzzTarget {
  return {
    seeds: [Buffer.from('seed')],
    dictionary: ['word'],
    read: (pieces) => {
      const text = Buffer.concat(pieces).toString();
      return { trace: text, violations: [], accepted: text };
    },
    open: () => () => false,
    reference: (bytes) => Promise.resolve(bytes.toString()),
    known: [],
    ...changes,
  };
}

const BYTES = Buffer.from('abcd');
const PIECES = [Buffer.from('a'), Buffer.from('bcd')];

describe('the checks of a fuzz target', () => {
  test('pass a parser that keeps its promises', async () => {
    const target = targetWith({});
    expect(checkReading(target, BYTES, PIECES).problem).toBeUndefined();
    expect((await checkReference(target, BYTES, 'abcd')).problem).toBeUndefined();
  });

  test('find a parser that throws', () => {
    const target = targetWith({
      read: () => {
        throw new Error('oh');
      },
    });
    expect(checkReading(target, BYTES, PIECES).problem).toMatch(/^throws: Error: oh/);
  });

  test('find a parser that reads otherwise when the bytes are cut', () => {
    const target = targetWith({
      read: ({ length }) => ({ trace: length, violations: [], accepted: undefined }),
    });
    expect(checkReading(target, BYTES, PIECES).problem).toMatch(/^splits: /);
  });

  test('find a parser that breaks the order of its events', () => {
    const target = targetWith({
      read: () => ({ trace: '', violations: ['body before head'], accepted: undefined }),
    });
    expect(checkReading(target, BYTES, PIECES).problem).toBe('violates: body before head');
  });

  test('find what Node refuses, and what it reads otherwise', async () => {
    const refusing = targetWith({ reference: () => Promise.resolve(undefined) });
    expect((await checkReference(refusing, BYTES, 'abcd')).problem).toMatch(/^accepts: /);
    const other = targetWith({ reference: () => Promise.resolve('abc') });
    expect((await checkReference(other, BYTES, 'abcd')).problem).toMatch(/^differs: /);
  });

  test('pass a known difference only where both agree on the message without it', async () => {
    const refusesD = (bytes: Buffer): Promise<unknown> =>
      Promise.resolve(bytes.includes('d') ? undefined : bytes.toString());
    const without = (letter: string) => (bytes: Buffer) =>
      Buffer.from(bytes.toString().replace(letter, ''));
    const target = (letter: string): FuzzTarget =>
      targetWith({
        reference: refusesD,
        known: [{ reason: `${letter} is nothing`, without: without(letter) }],
      });
    const check = async (letter: string): Promise<string | undefined> =>
      (await checkReference(target(letter), BYTES, 'abcd')).known;
    expect(await check('d')).toBe('d is nothing');
    expect(await check('c')).toBeUndefined();
  });
});

test('what a parser keeps of endless input is noticed', async () => {
  const hoarder = targetWith({
    open: () => {
      const kept: Buffer[] = [];
      return (piece) => kept.push(Buffer.from(piece)) < 100;
    },
  });
  const input = new SharedInput(SharedInput.allocate());
  const KEPT_BYTES = 100 * 4_096;
  expect(await keptBytesOf(hoarder, seededRandom(1), input)).toBeGreaterThan(KEPT_BYTES / 2);
  expect(await keptBytesOf(targetWith({}), seededRandom(1), input)).toBeLessThan(KEPT_BYTES / 10);
});

describe('inputs to fuzz with', () => {
  test('are the same for the same seed, and the pieces are the whole', () => {
    const target = targetWith({});
    const make = (seed: number): Buffer => makeInput(target, seededRandom(seed));
    expect(make(7)).toEqual(make(7));
    expect(Buffer.concat(cut(make(8), seededRandom(9)))).toEqual(make(8));
  });

  test('are reduced to what matters', async () => {
    const found = await reduce(Buffer.from('some X and some Y behind it'), (smaller) =>
      Promise.resolve(smaller.includes('X') && smaller.includes('Y')),
    );
    expect(found.toString()).toBe('XY');
  });
});

test.each([...TARGETS])('%s keeps its promises for a while', async (_name, target) => {
  for (let number = 0; number < INPUTS; number++) {
    const random = seededRandom(number);
    const bytes = makeInput(target, random);
    const reading = checkReading(target, bytes, cut(bytes, random));
    expect(reading.problem).toBeUndefined();
    if (reading.accepted === undefined) continue;
    const { problem } = await checkReference(target, bytes, reading.accepted);
    expect(problem).toBeUndefined();
  }
});
