/**
 * Round robin: the backends in their order, one after the other. With weights it goes round as often as the heaviest
 * weight says, and in round r visits those whose weight is at least r: 2:1 gives a b a, a b a.
 */
import { anyMayTake, mayTake } from '../eligible.ts';
import type { Candidate, PickContext, Policy, PolicySetup } from '../policy.ts';

export class RoundRobin<C extends Candidate> implements Policy<C> {
  readonly #startOffset: number;
  #candidates: readonly C[] = [];
  /** Common divisor of the weights: 100:100 is one visit each, not a hundred rounds. */
  #divisor = 1;
  #rounds = 0;
  #round = 1;
  #place = 0;
  #started = false;

  constructor(setup: PolicySetup) {
    this.#startOffset = setup.startOffset;
  }

  update(candidates: readonly C[]): void {
    const last = this.#candidates[this.#place - 1];
    this.#candidates = candidates;
    this.#divisor =
      candidates.reduce((common, { weight }) => greatestDivisor(weight, common), 0) || 1;
    this.#rounds =
      candidates.reduce((most, { weight }) => Math.max(most, weight), 0) / this.#divisor;
    // A round that there is no more would pass everybody by.
    if (this.#round > this.#rounds) this.#round = 1;
    // Go on behind the backend that was picked last, so that a change of health does not start the circle anew.
    this.#place = last === undefined ? 0 : candidates.indexOf(last) + 1;
    if (this.#started || candidates.length === 0) return;
    this.#started = true;
    this.#place = Math.floor(this.#startOffset * candidates.length);
  }

  pick({ tried }: PickContext): C | undefined {
    // Asked first: with weights a whole turn is long, and a pool that is full is asked again and again.
    if (!anyMayTake(this.#candidates, tried)) return undefined;
    for (let steps = this.#rounds * this.#candidates.length; steps > 0; steps--) {
      if (this.#place >= this.#candidates.length) {
        this.#place = 0;
        this.#round = this.#round >= this.#rounds ? 1 : this.#round + 1;
      }
      const candidate = this.#candidates[this.#place];
      this.#place++;
      if (candidate === undefined || candidate.weight < this.#round * this.#divisor) continue;
      if (mayTake(candidate, tried)) return candidate;
    }
    return undefined;
  }

  peek(context: PickContext): C | undefined {
    const [round, place] = [this.#round, this.#place];
    const next = this.pick(context);
    this.#round = round;
    this.#place = place;
    return next;
  }
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
