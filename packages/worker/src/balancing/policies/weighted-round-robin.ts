/** Smooth weighted round robin, nginx's sequence. */
import { mayTake } from '../eligible.ts';
import type { Candidate, PickContext, Policy, PolicySetup } from '../policy.ts';
import { SmoothSequence } from './smooth-sequence.ts';

/** Each skip looks at every candidate: thousands of heavy backends must not stall the first snapshot. */
const MOST_START_STEPS = 1_000_000;

export class WeightedRoundRobin<C extends Candidate> implements Policy<C> {
  readonly #startOffset: number;
  readonly #sequence = new SmoothSequence<C>();
  #started = false;

  constructor(setup: PolicySetup) {
    this.#startOffset = setup.startOffset;
  }

  update(candidates: readonly C[]): void {
    this.#sequence.update(candidates);
    if (this.#started || candidates.length === 0) return;
    this.#started = true;
    const turn = candidates.reduce((sum, { weight }) => sum + weight, 0);
    const skips = Math.min(
      Math.floor(this.#startOffset * turn),
      MOST_START_STEPS / candidates.length,
    );
    for (let skip = 0; skip < skips; skip++) this.#sequence.next(() => true);
  }

  pick({ tried }: PickContext): C | undefined {
    return this.#sequence.next((candidate) => mayTake(candidate, tried));
  }

  peek({ tried }: PickContext): C | undefined {
    return this.#sequence.peek((candidate) => mayTake(candidate, tried));
  }
}
