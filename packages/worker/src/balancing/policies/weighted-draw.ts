/** Draws a candidate at random, each as often as its weight says. */
import type { Random } from '@lb/shared/time/clock';
import { mayTake } from '../eligible.ts';
import type { Candidate } from '../policy.ts';

export class WeightedDraw<C extends Candidate> {
  readonly #random: Random;
  #candidates: readonly C[] = [];
  /** Running sum of the weights, so that a draw is one binary search. */
  #sums = new Float64Array(0);
  #total = 0;
  /** All weigh the same, which is nearly always: a place is drawn without a search. */
  #isUniform = true;
  /** Where the last one stands that was drawn so. */
  #place = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  update(candidates: readonly C[]): void {
    this.#candidates = candidates;
    this.#sums = new Float64Array(candidates.length);
    let sum = 0;
    for (const [place, { weight }] of candidates.entries()) {
      sum += weight;
      this.#sums[place] = sum;
    }
    this.#total = sum;
    this.#isUniform = candidates.every(({ weight }) => weight === candidates[0]?.weight);
  }

  /** One that may take a try and is not `other`, or undefined when there is none. */
  draw(tried: readonly C[] | readonly Candidate[], other?: C): C | undefined {
    const candidate =
      this.#isUniform && tried.length === 0
        ? this.#drawUniform(other)
        : this.#at(this.#random() * this.#total);
    if (candidate === undefined || !isOut(candidate, tried, other)) return candidate;
    return this.#drawAmongTheRest(tried, other);
  }

  #drawUniform(other: C | undefined): C | undefined {
    const candidates = this.#candidates;
    if (other === undefined) {
      this.#place = Math.floor(this.#random() * candidates.length);
      return candidates[this.#place];
    }
    const taken = candidates[this.#place] === other ? this.#place : candidates.indexOf(other);
    const place = Math.floor(this.#random() * (candidates.length - 1));
    return candidates[place < taken ? place : place + 1];
  }

  /** The slow way, for the few draws that hit one that is out: only the rest has weight. */
  #drawAmongTheRest(tried: readonly Candidate[], other: C | undefined): C | undefined {
    let total = 0;
    for (const candidate of this.#candidates) {
      if (!isOut(candidate, tried, other)) total += candidate.weight;
    }
    let mark = this.#random() * total;
    for (const candidate of this.#candidates) {
      if (isOut(candidate, tried, other)) continue;
      mark -= candidate.weight;
      if (mark < 0) return candidate;
    }
    return undefined;
  }

  #at(mark: number): C | undefined {
    let low = 0;
    let high = this.#sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (mark < (this.#sums[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    return this.#candidates[low];
  }
}

function isOut<C extends Candidate>(
  candidate: C,
  tried: readonly Candidate[],
  other: C | undefined,
): boolean {
  return candidate === other || !mayTake(candidate, tried);
}
