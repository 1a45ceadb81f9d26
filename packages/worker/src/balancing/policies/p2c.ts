/**
 * Power of two choices: draw two backends by weight, take the one with less in flight for its weight. Almost as even as
 * looking at all of them, without the herd that runs to the same least loaded one when several workers see old numbers.
 *
 * @see M. Mitzenmacher, "The power of two choices in randomized load balancing", IEEE TPDS 12(10), 2001
 */
import type { Candidate, PickContext, Policy, PolicySetup } from '../policy.ts';
import { WeightedDraw } from './weighted-draw.ts';

export class PowerOfTwoChoices<C extends Candidate> implements Policy<C> {
  readonly #draw: WeightedDraw<C>;

  constructor(setup: PolicySetup) {
    this.#draw = new WeightedDraw(setup.random);
  }

  update(candidates: readonly C[]): void {
    this.#draw.update(candidates);
  }

  pick({ tried }: PickContext): C | undefined {
    const first = this.#draw.draw(tried);
    if (first === undefined) return undefined;
    const second = this.#draw.draw(tried, first);
    if (second === undefined) return first;
    // A tie keeps the first draw: it fell by weight, so an idle pool is shared by weight as well.
    return second.load / second.weight < first.load / first.weight ? second : first;
  }
}
