/**
 * Bounded loads: a backend that has more in flight than a multiple of its share is passed over, so that a popular key does
 * not drown the one it belongs to.
 *
 * @see V. Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent hashing with bounded loads", 2016, arXiv:1608.01350
 */
import type { Candidate } from '../policy.ts';

/** With less in flight nobody is passed over: on a quiet pool shares are below one, and every key would wander. */
const QUIET_LOAD = 4;

/**
 * One question in so many as there are candidates, by this, sums the loads anew: a question costs as much as reading this many,
 * and what began since then is an eighth of a request for each backend.
 */
const CANDIDATES_PER_QUESTION = 8;

export class LoadBound {
  readonly #factor: number;
  #candidates: readonly Candidate[] = [];
  #totalWeight = 0;
  #totalLoad = 0;
  /** Questions until the loads are summed again. */
  #questions = 0;

  /** @param factor at least 1; 0 for no bound */
  constructor(factor: number) {
    this.#factor = factor;
  }

  update(candidates: readonly Candidate[]): void {
    this.#candidates = candidates;
    this.#totalWeight = candidates.reduce((sum, { weight }) => sum + weight, 0);
    this.#questions = 0;
  }

  /** Whether one more would be too much for it. */
  isFull({ load, weight, share }: Candidate): boolean {
    if (load < QUIET_LOAD || this.#factor === 0) return false;
    const fair = ((this.#currentLoad() + 1) * weight * share) / this.#totalWeight;
    return load >= Math.ceil(this.#factor * fair);
  }

  #currentLoad(): number {
    if (this.#questions > 0) {
      this.#questions--;
      return this.#totalLoad;
    }
    this.#questions = Math.floor(this.#candidates.length / CANDIDATES_PER_QUESTION);
    this.#totalLoad = 0;
    for (const { load } of this.#candidates) this.#totalLoad += load;
    return this.#totalLoad;
  }
}
