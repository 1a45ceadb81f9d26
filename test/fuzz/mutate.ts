/** Makes bytes to try from seeds and a dictionary. The same bytes for the same numbers. */
import type { Random } from '@lb/shared/time/clock';
import type { FuzzTarget } from './target.ts';

/** Longest input, in bytes. */
export const MAX_BYTES = 262_144;

/** Mostly seeds with a few changes; now and then words of the dictionary in a row, or noise. */
export function makeInput({ seeds, dictionary }: FuzzTarget, random: Random): Buffer {
  const kind = random();
  if (kind < 0.02) return noise(random, below(random, 200));
  if (kind < 0.1) {
    const words = Array.from({ length: 1 + below(random, 40) }, () => pick(random, dictionary));
    return Buffer.from(words.join(''), 'latin1');
  }
  let bytes = pick(random, seeds);
  for (let left = 1 + below(random, 5); left > 0; left--)
    bytes = mutate(bytes, { seeds, dictionary }, random);
  return bytes.subarray(0, MAX_BYTES);
}

/** Cuts at random places, at every byte now and then; pieces are never empty. */
export function cut(bytes: Buffer, random: Random): Buffer[] {
  const isByteByByte = bytes.length <= 512 && random() < 0.1;
  const count = isByteByByte ? bytes.length : 1 + below(random, 8);
  const places = isByteByByte
    ? Array.from(bytes.keys())
    : Array.from({ length: count }, () => below(random, bytes.length + 1)).sort((a, b) => a - b);
  return [...places, bytes.length]
    .map((end, i) => bytes.subarray(places[i - 1] ?? 0, end))
    .filter(({ length }) => length > 0);
}

/** A whole number from 0 up to, but not including, the limit; 0 for a limit of 0. */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

function mutate(
  bytes: Buffer,
  { seeds, dictionary }: Pick<FuzzTarget, 'seeds' | 'dictionary'>,
  random: Random,
): Buffer {
  const start = below(random, bytes.length + 1);
  const end = Math.min(bytes.length, start + 1 + below(random, 20));
  const replaceSpan = (by: Buffer): Buffer =>
    Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(end)]);
  const insert = (inserted: Buffer): Buffer =>
    Buffer.concat([bytes.subarray(0, start), inserted, bytes.subarray(start)]);
  const word = (): Buffer => Buffer.from(pick(random, dictionary), 'latin1');
  switch (below(random, 10)) {
    case 0:
    case 1:
    case 2:
      return insert(word());
    case 3:
      return replaceSpan(word());
    case 4:
      return insert(noise(random, 1 + below(random, 3)));
    case 5:
      return replaceSpan(Buffer.alloc(0));
    case 6:
      return flipBit(bytes, start, random);
    case 7: {
      const times = random() < 0.05 ? 5_000 : 1 + below(random, 4);
      return insert(Buffer.concat(Array.from({ length: times }, () => bytes.subarray(start, end))));
    }
    case 8: {
      const other = pick(random, seeds);
      return Buffer.concat([bytes.subarray(0, start), other.subarray(below(random, other.length))]);
    }
    default:
      return changeNumber(bytes, random);
  }
}

function flipBit(bytes: Buffer, place: number, random: Random): Buffer {
  const flipped = Buffer.from(bytes);
  if (place < flipped.length) flipped[place] = (flipped[place] ?? 0) ^ (1 << below(random, 8));
  return flipped;
}

/** Lengths and sizes are where framing goes wrong. */
function changeNumber(bytes: Buffer, random: Random): Buffer {
  const text = bytes.toString('latin1');
  const numbers = [...text.matchAll(/[\da-f]+/gi)];
  if (numbers.length === 0) return bytes;
  const { 0: digits, index } = pick(random, numbers);
  const value = Number.parseInt(digits, 16) + below(random, 5) - 2;
  const changed = random() < 0.5 ? String(value) : value.toString(16);
  return Buffer.from(text.slice(0, index) + changed + text.slice(index + digits.length), 'latin1');
}

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => below(random, 256)));
}

/** @param values not empty */
function pick<T>(random: Random, values: readonly T[]): T {
  const value = values[below(random, values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}
