/** Random, by weight. */
import type { Candidate, PickContext, Policy, PolicySetup } from '../policy.ts';
import { WeightedDraw } from './weighted-draw.ts';

export class RandomPolicy<C extends Candidate> implements Policy<C> {
  readonly #draw: WeightedDraw<C>;

  constructor(setup: PolicySetup) {
    this.#draw = new WeightedDraw(setup.random);
  }

  update(candidates: readonly C[]): void {
    this.#draw.update(candidates);
  }

  pick({ tried }: PickContext): C | undefined {
    return this.#draw.draw(tried);
  }
}
