import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type Hash64, Xxh64 } from '@lb/worker/internal/balancing/hashing/xxh64';

const SEED = 20_261_126;

const toNumber = ({ hi, lo }: Hash64): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
const hashOf = (text: string, seed?: number): bigint => toNumber(new Xxh64().hash(text, seed));

const PRIMES = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;
const [P1, P2, P3, P4, P5] = PRIMES;
const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotate = (value: bigint, bits: bigint): bigint =>
  wrap((value << bits) | (value >> (64n - bits)));
const round = (acc: bigint, lane: bigint): bigint => wrap(rotate(wrap(acc + lane * P2), 31n) * P1);

/** The specification, word by word and in 64 bits. */
function specified(bytes: Buffer, seed: bigint): bigint {
  let at = 0;
  let acc = wrap(seed + P5);
  if (bytes.length >= 32) {
    const accs = [wrap(seed + P1 + P2), wrap(seed + P2), seed, wrap(seed - P1)];
    for (; at + 32 <= bytes.length; at += 32) {
      for (const [i, value] of accs.entries())
        accs[i] = round(value, bytes.readBigUInt64LE(at + 8 * i));
    }
    const turns = [1n, 7n, 12n, 18n];
    acc = wrap(accs.reduce((sum, value, i) => sum + rotate(value, turns[i] ?? 0n), 0n));
    for (const value of accs) acc = wrap((acc ^ round(0n, value)) * P1 + P4);
  }
  acc = wrap(acc + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8)
    acc = wrap(rotate(acc ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * P1 + P4);
  if (at + 4 <= bytes.length) {
    acc = wrap(rotate(acc ^ wrap(BigInt(bytes.readUInt32LE(at)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < bytes.length; at++)
    acc = wrap(rotate(acc ^ wrap(BigInt(bytes.readUInt8(at)) * P5), 11n) * P1);
  acc = wrap((acc ^ (acc >> 33n)) * P2);
  acc = wrap((acc ^ (acc >> 29n)) * P3);
  return acc ^ (acc >> 32n);
}

describe('xxHash64', () => {
  test.each([
    ['', 0, 0xef46db3751d8e999n],
    ['a', 0, 0xd24ec4f1a98c6e5bn],
    ['abc', 0, 0x44bc2cf5ad770999n],
    ['xxhash', 0, 0x32dd38952c4bc720n],
    ['xxhash', 20_141_025, 0xb559b98d844e0635n],
    ['abcdefghijklmnopqrstuvwxyz12345', 0, 0x467605901b01d6f6n],
    ['Call me Ishmael. Some years ago--never mind how long precisely-', 0, 0x02a2e85470d6fd96n],
  ])('of %j with seed %d is the known one', (text, seed, known) => {
    expect(hashOf(text, seed)).toBe(known);
  });

  test('of any bytes and seed is what the specification says', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        (list, seed) => {
          const bytes = Buffer.from(list);
          expect(hashOf(bytes.toString('latin1'), seed)).toBe(specified(bytes, BigInt(seed)));
        },
      ),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  test('of one text does not depend on the texts before', () => {
    const long = 'x'.repeat(100);
    const hash = new Xxh64();
    hash.hash(long);
    hash.hash('another');
    expect(toNumber(hash.hash(long))).toBe(hashOf(long));
  });

  test('tells texts apart that no byte can hold', () => {
    const texts = ['é', 'é€', '€é', '東京', '京東', '🐟', '🐠'];
    expect(new Set(texts.map((text) => hashOf(text))).size).toBe(texts.length);
  });
});
