/**
 * Power of two choices: draw two backends by weight, take the one with less in flight for its weight. Almost as even as
 * looking at all of them, without the herd that runs to the same least loaded one when several workers see old numbers.
 *
 * @see M. Mitzenmacher, "The power of two choices in randomized load balancing", IEEE TPDS 12(10), 2001
 */
import type { Candidate, PolicySetup } from '../policy.ts';
import { TwoChoices } from './two-choices.ts';

export class PowerOfTwoChoices<C extends Candidate> extends TwoChoices<C> {
  constructor({ random }: PolicySetup) {
    super(random, ({ load, weight, share }) => load / (weight * share));
  }
}
