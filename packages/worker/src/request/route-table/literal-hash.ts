/**
 * Numbers for texts, grown character by character, so that every beginning (or ending) of a request's text can be looked up
 * while it is walked, without cutting strings. Two texts may share a number: what is found by it is compared in full.
 * FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/
 */

/** The number of ''. */
export const EMPTY_HASH: number = 0x811c9dc5 | 0;

const PRIME = 0x01000193;

/** The number of a text with one more character. */
export function withCharacter(hash: number, code: number): number {
  return Math.imul(hash ^ code, PRIME);
}

/** Read from its beginning, as paths are. */
export function hashForwards(text: string): number {
  let hash = EMPTY_HASH;
  for (let i = 0; i < text.length; i++) hash = withCharacter(hash, text.charCodeAt(i));
  return hash;
}

/** Read from its end, as host names are. */
export function hashBackwards(text: string): number {
  let hash = EMPTY_HASH;
  for (let i = text.length - 1; i >= 0; i--) hash = withCharacter(hash, text.charCodeAt(i));
  return hash;
}
