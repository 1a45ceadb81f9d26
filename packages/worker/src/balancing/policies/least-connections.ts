/**
 * Least connections: the backend with the fewest tries in flight for its weight, over all workers. It counts requests, not
 * connections; the old name is the one people search for. Ties go round smoothly, so weights hold on an idle pool too.
 */
import { mayTake } from '../eligible.ts';
import type { Candidate, PickContext, Policy } from '../policy.ts';
import { SmoothSequence } from './smooth-sequence.ts';

export class LeastConnections<C extends Candidate> implements Policy<C> {
  #candidates: readonly C[] = [];
  readonly cost = relativeLoad;
  readonly #ties = new SmoothSequence<C>();

  update(candidates: readonly C[]): void {
    this.#candidates = candidates;
    this.#ties.update(candidates);
  }

  pick({ tried }: PickContext): C | undefined {
    return this.#ties.next(this.#isLeast(tried));
  }

  peek({ tried }: PickContext): C | undefined {
    return this.#ties.peek(this.#isLeast(tried));
  }

  /** Tells those with the fewest from the others. */
  #isLeast(tried: readonly Candidate[]): (candidate: C) => boolean {
    let least = Number.POSITIVE_INFINITY;
    for (const candidate of this.#candidates) {
      const load = relativeLoad(candidate);
      if (load < least && mayTake(candidate, tried)) least = load;
    }
    return (candidate) => relativeLoad(candidate) === least && mayTake(candidate, tried);
  }
}

function relativeLoad({ load, weight, share }: Candidate): number {
  return load / (weight * share);
}
