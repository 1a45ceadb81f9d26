/** What keys are looked up in, against what others make of the same names. */
import { describe, expect, test } from '@jest/globals';
import { LoadBound } from '@lb/worker/internal/balancing/hashing/load-bound';
import { MaglevTable } from '@lb/worker/internal/balancing/hashing/maglev-table';
import { Ring } from '@lb/worker/internal/balancing/hashing/ring';
import type { Hash64 } from '@lb/worker/internal/balancing/hashing/xxh64';
import { fakes } from '../support/fake-candidates.ts';

const addresses = ['127.0.0.1:90', '127.0.0.1:91', '127.0.0.1:92'].concat([
  '127.0.0.1:93',
  '127.0.0.1:94',
  '127.0.0.1:95',
]);
const ports = ['90', '91', '92', '93', '94', '95'];

const members = (
  names: readonly string[],
  weights: readonly number[],
): { name: string; weight: number }[] =>
  weights.map((weight, i) => ({ name: names[i] ?? '', weight }));

const equal = (names: readonly string[]): { name: string; weight: number }[] =>
  names.map((name) => ({ name, weight: 1 }));

const hashOf = (value: bigint): Hash64 => ({
  hi: Number(value >> 32n) | 0,
  lo: Number(BigInt.asUintN(32, value)) | 0,
});

describe('a table of maglev', () => {
  // Figures of Envoy's test/extensions/load_balancing_policies/maglev/maglev_lb_test.cc.
  test.each([
    ['six equal ones', equal(addresses), [2, 4, 0, 1, 5, 0, 3]],
    ['six equal ones with short names', equal(ports), [2, 5, 0, 3, 4, 1, 0]],
    [
      'weights 1:2',
      members(addresses, [1, 2]),
      [1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1],
    ],
    [
      'weights 1:1',
      members(addresses, [1, 1]),
      [1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1],
    ],
    [
      'weights 8:2',
      members(addresses, [8, 2]),
      [1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0],
    ],
  ])("is Envoy's for %s", (...row) => {
    const [, list, table] = row;
    expect([...new MaglevTable(list, table.length).owners]).toEqual(table);
  });

  test('is looked up by the remainder of all 64 bits', () => {
    const table = new MaglevTable(equal(ports));
    for (const value of [0n, 65_536n, 65_537n, 0x1234_5678_9abc_def0n, 2n ** 64n - 1n])
      expect(table.placeOf(hashOf(value))).toBe(Number(value % 65_537n));
  });

  test('gives each place by weight, to one place in a thousand', () => {
    const weights = [1, 2, 7, 90];
    const counts = weights.map(() => 0);
    for (const owner of new MaglevTable(members(addresses, weights)).owners)
      counts[owner] = (counts[owner] ?? 0) + 1;
    for (const [i, count] of counts.entries())
      expect(Math.abs(count / 65_537 - (weights[i] ?? 0) / 100)).toBeLessThan(0.001);
  });
});

describe('a ring', () => {
  // Figures of Envoy's test/extensions/load_balancing_policies/ring_hash/ring_hash_lb_test.cc, two points each.
  const ring = new Ring(equal(ports), 2);
  const ownerOf = (value: bigint): string | undefined =>
    ports[ring.owners[ring.placeOf(hashOf(value))] ?? -1];
  const points: readonly (readonly [string, bigint])[] = [
    ['95', 1_975_508_444_536_362_413n],
    ['95', 2_376_063_919_839_173_711n],
    ['93', 2_386_806_903_309_390_596n],
    ['94', 6_749_904_478_991_551_885n],
    ['93', 6_803_900_775_736_438_537n],
    ['92', 7_225_015_537_174_310_577n],
    ['90', 8_787_465_352_164_086_522n],
    ['92', 11_282_020_843_382_717_940n],
    ['91', 13_723_418_369_486_627_818n],
    ['90', 13_776_502_110_861_797_421n],
    ['91', 14_338_313_586_354_474_791n],
    ['94', 15_364_271_037_087_512_980n],
  ];

  test("has Envoy's points in their order", () => {
    expect([...ring.owners].map((owner) => ports[owner])).toEqual(points.map(([name]) => name));
    expect(points.map(([, at]) => ring.placeOf(hashOf(at)))).toEqual([...points.keys()]);
  });

  test('gives a key to the point it meets or the next one, the last to the first', () => {
    for (const [name, at] of points) expect(ownerOf(at)).toBe(name);
    expect(ownerOf(0n)).toBe('95');
    expect(ownerOf(2n ** 64n - 1n)).toBe('95');
    // A step of the upper half behind a point belongs to the next one.
    expect(ownerOf(7_225_015_537_174_310_577n + 2n ** 32n)).toBe('90');
  });

  test('has points by weight, and at least one each', () => {
    const counts = (weights: readonly number[]): number[] => {
      const found = weights.map(() => 0);
      for (const owner of new Ring(members(addresses, weights)).owners)
        found[owner] = (found[owner] ?? 0) + 1;
      return found;
    };
    expect(counts([1, 2, 7])).toEqual([512, 1_024, 3_584]);
    expect(counts([1, 1_000, 999]).map((count) => Math.round(count / 65.5))).toEqual([
      1, 1_001, 1_000,
    ]);
  });

  test('stays of one size however many there are', () => {
    const many = equal(Array.from({ length: 5_000 }, (_, i) => `web-${i}`));
    expect(new Ring(many).owners.length).toBeLessThan(140_000);
  });
});

test.each([Ring, MaglevTable])('%p of nobody has no places', (Circle) => {
  expect(new Circle([]).owners).toHaveLength(0);
});

describe('the bound of loads', () => {
  test('is the factor times the share of what is in flight and the one to come, rounded up', () => {
    const candidates = fakes(1, 1, 2);
    const bound = new LoadBound(1.25);
    bound.update(candidates);
    // 19 in flight: 1.25 * 20 / 4 = 6.25 and 12.5.
    for (const [i, load] of [6, 7, 6].entries()) Object.assign(candidates[i] ?? {}, { load });
    expect(candidates.map((candidate) => bound.isFull(candidate))).toEqual([false, true, false]);
    for (const [i, load] of [0, 6, 13].entries()) Object.assign(candidates[i] ?? {}, { load });
    expect(candidates.map((candidate) => bound.isFull(candidate))).toEqual([false, false, true]);
  });

  test('passes nobody over who has less than four', () => {
    const candidates = fakes(1, 1, 1, 1);
    const bound = new LoadBound(1);
    bound.update(candidates);
    const [busy] = candidates;
    if (busy === undefined) throw new Error('there are four');
    busy.load = 3;
    expect(bound.isFull(busy)).toBe(false);
    busy.load = 4;
    expect(bound.isFull(busy)).toBe(true);
  });

  test('of 0 is none', () => {
    const candidates = fakes(1, 1);
    const bound = new LoadBound(0);
    bound.update(candidates);
    expect(bound.isFull({ ...candidates[0], load: 1_000 } as (typeof candidates)[number])).toBe(
      false,
    );
  });

  test('knows of a change before it was asked once for eight candidates', () => {
    const candidates = fakes(...Array.from({ length: 80 }, () => 1));
    const bound = new LoadBound(1.25);
    bound.update(candidates);
    const [busy] = candidates;
    if (busy === undefined) throw new Error('there are eighty');
    busy.load = 10;
    expect(bound.isFull(busy)).toBe(true);
    for (const candidate of candidates) candidate.load = 10;

    const answers = Array.from({ length: 12 }, () => bound.isFull(busy));

    expect(answers.at(-1)).toBe(false);
  });
});
