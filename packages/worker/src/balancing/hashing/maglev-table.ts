/**
 * Maglev's table: each backend has an order of its own in which it wants the places, and in turns each takes the next one that
 * is free. Shares are as even as can be, a lookup is one division; when a backend leaves, a few places of others move as well.
 * Tables are those of Envoy.
 *
 * @see D. Eisenbud et al., "Maglev: a fast and reliable software network load balancer", NSDI 2016, section 3.4
 */
import type { Circle, Member } from './circle.ts';
import { type Hash64, Xxh64 } from './xxh64.ts';

/** A prime, so that every order meets every place; the paper's small one. */
const SIZE = 65_537;

const FREE = 2 ** 32 - 1;

export class MaglevTable implements Circle {
  readonly owners: Uint32Array;

  /** @param members in an order that is the same everywhere @param size a prime below 2^21 */
  constructor(members: readonly Member[], size = SIZE) {
    this.owners = members.length === 0 ? new Uint32Array(0) : fill(members, size);
  }

  placeOf(hash: Hash64): number {
    return remainder(hash, this.owners.length);
  }
}

function fill(members: readonly Member[], size: number): Uint32Array {
  const owners = new Uint32Array(size).fill(FREE);
  const hash = new Xxh64();
  const places = members.map(({ name }) => remainder(hash.hash(name, 0), size));
  const skips = members.map(({ name }) => 1 + remainder(hash.hash(name, 1), size - 1));
  const rounds = new Rounds(members);
  let free = size;
  for (;;) {
    for (const taker of rounds.next()) {
      let place = places[taker] as number;
      while (owners[place] !== FREE) place = (place + (skips[taker] as number)) % size;
      owners[place] = taker;
      places[taker] = place;
      free--;
      if (free === 0) return owners;
    }
  }
}

/** Who takes a place in which round: everybody in the first, the heaviest in each, others as seldom as they are lighter. */
class Rounds {
  readonly #weights: readonly number[];
  readonly #heaviest: number;
  /** Rounds that each has had. */
  readonly #had: number[];
  /** By round, for those who are looked at next: going through all in each round takes too long where one is heavy. */
  readonly #takers: Map<number, number[]>;
  #round = 0;

  constructor(members: readonly Member[]) {
    this.#weights = members.map(({ weight }) => weight);
    this.#heaviest = this.#weights.reduce((most, weight) => Math.max(most, weight), 0);
    this.#had = members.map(() => 0);
    this.#takers = new Map([[1, [...members.keys()]]]);
  }

  /** Those of the next round, in the order of the members. */
  next(): readonly number[] {
    this.#round++;
    const takers = (this.#takers.get(this.#round) ?? []).sort((a, b) => a - b);
    this.#takers.delete(this.#round);
    for (const taker of takers) this.#plan(taker);
    return takers;
  }

  #plan(taker: number): void {
    const had = (this.#had[taker] as number) + 1;
    this.#had[taker] = had;
    const due = Math.ceil((had * this.#heaviest) / (this.#weights[taker] as number));
    const round = due > this.#round ? due : this.#round + 1;
    const others = this.#takers.get(round);
    if (others === undefined) this.#takers.set(round, [taker]);
    else others.push(taker);
  }
}

/** @param divisor below 2^21, or products would not be exact */
function remainder({ hi, lo }: Hash64, divisor: number): number {
  return (((hi >>> 0) % divisor) * (2 ** 32 % divisor) + (lo >>> 0)) % divisor;
}
