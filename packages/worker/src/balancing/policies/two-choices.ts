/** Draws two backends by weight and takes the one that costs less. */
import type { Random } from '@lb/shared/time/clock';
import type { Candidate, PickContext, Policy } from '../policy.ts';
import { WeightedDraw } from './weighted-draw.ts';

export class TwoChoices<C extends Candidate> implements Policy<C> {
  readonly #draw: WeightedDraw<C>;
  readonly cost: (candidate: Candidate) => number;

  /** @param cost lower is better; it is asked for both, in each pick */
  constructor(random: Random, cost: (candidate: Candidate) => number) {
    this.#draw = new WeightedDraw(random);
    this.cost = cost;
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
    return this.cost(second) < this.cost(first) ? second : first;
  }
}
