/**
 * A ring of points, as ketama and Envoy have it: each backend has points where `name_0`, `name_1`, ... are hashed to, and a key
 * belongs to the next point. A backend that leaves leaves its points to the ones behind them, and nobody else moves.
 *
 * @see https://github.com/RJ/ketama
 * @see D. Karger et al., "Consistent hashing and random trees", STOC 1997
 */
import type { Circle, Member } from './circle.ts';
import { type Hash64, Xxh64 } from './xxh64.ts';

/** The share of a backend of weight 1 is off by 4 % or so: one by the root of its points. */
const POINTS_PER_WEIGHT = 512;

/**
 * Above it all have fewer for their weight: a ring of this size takes 1 MiB, and about 45 ms to make (Node 24.21, a busy
 * machine of 2 cores); two thirds of that are hashing.
 * Then a backend that leaves makes room for points of the others, and up to twice its share of the keys moves.
 */
const MOST_POINTS = 131_072;

/** A point is sorted as one number, its position before its owner: more owners than this have no room. */
const OWNERS = 2 ** 20;

export class Ring implements Circle {
  readonly owners: Uint32Array;
  /** Rising: the upper half of the points' hashes. The lower one would decide between neighbours once in thousands of rings. */
  readonly #positions: Uint32Array;

  /** @param pointsPerWeight fewer where there would be too many in all */
  constructor(members: readonly Member[], pointsPerWeight = POINTS_PER_WEIGHT) {
    const points = sortedPoints(members, pointsPerWeight);
    this.#positions = new Uint32Array(points.length);
    this.owners = new Uint32Array(points.length);
    for (let place = 0; place < points.length; place++) {
      const point = points[place] as number;
      const position = (point / OWNERS) >>> 0;
      this.#positions[place] = position;
      this.owners[place] = point - position * OWNERS;
    }
  }

  placeOf({ hi }: Hash64): number {
    const positions = this.#positions;
    const position = hi >>> 0;
    let low = 0;
    let high = positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((positions[middle] as number) < position) low = middle + 1;
      else high = middle;
    }
    return low === positions.length ? 0 : low;
  }
}

function sortedPoints(members: readonly Member[], pointsPerWeight: number): Float64Array {
  const totalWeight = members.reduce((sum, { weight }) => sum + weight, 0);
  const scale = Math.min(pointsPerWeight, MOST_POINTS / totalWeight);
  const counts = members.map(({ weight }) => Math.max(1, Math.round(weight * scale)));
  const points = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
  const hash = new Xxh64();
  let place = 0;
  for (const [owner, { name }] of members.entries()) {
    for (let i = 0; i < (counts[owner] as number); i++)
      points[place++] = (hash.hash(`${name}_${i}`).hi >>> 0) * OWNERS + owner;
  }
  // Positive doubles stand in the order of their bits, and sorting these as whole numbers takes 10 ms where doubles take 17.
  new BigUint64Array(points.buffer).sort();
  return points;
}
