/**
 * nginx's smooth weighted round robin: every backend gains its weight each turn, the richest is picked and pays the sum
 * of all weights. 5:1:1 gives a a b a c a a: the heavy one is spread out, not bunched.
 *
 * @see https://github.com/nginx/nginx/commit/52327e0627f49dbda1e8db695e63a4b0af4448b1
 */
import type { Candidate } from '../policy.ts';

export class SmoothSequence<C extends Candidate> {
  #candidates: readonly C[] = [];
  readonly #credit = new Map<C, number>();

  /** Those that stay keep their credit. */
  update(candidates: readonly C[]): void {
    this.#candidates = candidates;
    const present = new Set(candidates);
    for (const known of this.#credit.keys()) {
      if (!present.has(known)) this.#credit.delete(known);
    }
  }

  /** What `next` would say, without a turn taken. */
  peek(eligible: (candidate: C) => boolean): C | undefined {
    const credit = new Map(this.#credit);
    const next = this.next(eligible);
    for (const [candidate, before] of credit) this.#credit.set(candidate, before);
    for (const candidate of this.#credit.keys())
      if (!credit.has(candidate)) this.#credit.delete(candidate);
    return next;
  }

  /** The next one that `eligible` admits; only those take part in this turn. */
  next(eligible: (candidate: C) => boolean): C | undefined {
    let total = 0;
    let best: C | undefined;
    let bestCredit = Number.NEGATIVE_INFINITY;
    for (const candidate of this.#candidates) {
      if (!eligible(candidate)) continue;
      const credit = (this.#credit.get(candidate) ?? 0) + candidate.weight;
      this.#credit.set(candidate, credit);
      total += candidate.weight;
      if (credit > bestCredit) {
        best = candidate;
        bestCredit = credit;
      }
    }
    if (best !== undefined) this.#credit.set(best, bestCredit - total);
    return best;
  }
}
