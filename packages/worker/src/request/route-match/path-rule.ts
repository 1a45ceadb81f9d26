/** One entry of `routes.*.match.paths`. */
import type { Pattern } from '@lb/shared/net/pattern';
import { normalisePath, toMatchPath } from '../path.ts';
import { checkedPattern } from './checked-pattern.ts';

const SLASH = 0x2f;

/** Takes one path, a path with all below it by whole segments, or what an expression finds. */
export class PathRule {
  /** What every path it takes begins with, up to a slash or to its end; '' for every path; undefined for an expression. */
  readonly literal: string | undefined;
  readonly #isExact: boolean;
  readonly #pattern: Pattern | undefined;

  /** @param pattern `/prefix`, `/prefix/*`, `=/exact` or `~expression`, of a checked configuration */
  constructor(pattern: string) {
    this.#isExact = pattern.startsWith('=');
    this.#pattern = pattern.startsWith('~') ? checkedPattern(pattern.slice(1)) : undefined;
    if (this.#pattern !== undefined) return;
    this.literal = this.#isExact
      ? asMatchPath(pattern.slice(1))
      : asMatchPath(pattern.replace(/\/?\*$/, '')).replace(/\/$/, '');
  }

  /** @param matchPath as Target has it */
  takes(matchPath: string): boolean {
    const { literal } = this;
    if (literal === undefined) return this.#pattern?.(matchPath) === true;
    if (literal === '') return true;
    if (!matchPath.startsWith(literal)) return false;
    if (matchPath.length === literal.length) return true;
    return !this.#isExact && matchPath.charCodeAt(literal.length) === SLASH;
  }
}

/** A rule's path goes through the same normalisation as a request's, so that both sides meet. */
function asMatchPath(path: string): string {
  return toMatchPath(normalisePath(path === '' ? '/' : path) ?? path);
}
