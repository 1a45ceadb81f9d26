/**
 * Candidates by their path, for requests of one host.
 *
 *     /api/v1/users/42    is looked up as   /api   /api/v1   /api/v1/users   /api/v1/users/42
 */
import type { Matchable } from '../route-match.ts';
import { type Candidate, earlier, type Routable } from './candidate.ts';
import { EMPTY_HASH, hashForwards, withCharacter } from './literal-hash.ts';

const SLASH = 0x2f;

export class PathIndex<R extends Routable> {
  /** By the hash of their literal. */
  readonly #literals = new Map<number, Candidate<R>[]>();
  /** Expressions, and those that take every path. */
  readonly #others: Candidate<R>[] = [];
  #longestLiteral = 0;

  /** Takes them by ascending place. */
  add(candidate: Candidate<R>): void {
    const { literal = '' } = candidate.path;
    if (literal === '') {
      this.#others.push(candidate);
      return;
    }
    const hash = hashForwards(literal);
    const known = this.#literals.get(hash);
    if (known === undefined) this.#literals.set(hash, [candidate]);
    else known.push(candidate);
    this.#longestLiteral = Math.max(this.#longestLiteral, literal.length);
  }

  /** The first in the configuration that takes the request, if it stands before `best`; else `best`. */
  find(request: Matchable, best: Candidate<R> | undefined): Candidate<R> | undefined {
    // Expressions cost the most: they are tried last, and only those that stand before what is found.
    return earlier(this.#others, request, this.#findLiteral(request, best));
  }

  #findLiteral(request: Matchable, best: Candidate<R> | undefined): Candidate<R> | undefined {
    if (this.#longestLiteral === 0) return best;
    const { matchPath } = request;
    const end = Math.min(matchPath.length, this.#longestLiteral + 1);
    let found = best;
    let hash = EMPTY_HASH;
    for (let i = 0; i < end; i++) {
      const code = matchPath.charCodeAt(i);
      if (code === SLASH) found = this.#lookUp(hash, request, found);
      hash = withCharacter(hash, code);
    }
    return end === matchPath.length ? this.#lookUp(hash, request, found) : found;
  }

  #lookUp(
    hash: number,
    request: Matchable,
    best: Candidate<R> | undefined,
  ): Candidate<R> | undefined {
    const candidates = this.#literals.get(hash);
    return candidates === undefined ? best : earlier(candidates, request, best);
  }
}
