/** "did you mean": the word a typing mistake away from one that is known. */

/**
 * The nearest candidate, or undefined when none is near: at most one mistake in three letters. Case, `_` and `-` do
 * not count, so `health_check` finds `healthCheck`. Among equals the first wins.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  // The distance is quadratic and the word comes from a file: nothing that long is a typing mistake.
  if (word.length > 64) return undefined;
  const plain = fold(word);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(plain.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(plain, fold(candidate));
    // A short word turned into another short word is a different word, not a slip.
    if (distance >= bestDistance || distance >= Math.max(plain.length, candidate.length)) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** `did you mean "weight"?`, or null when nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
  const guess = nearest(word, candidates);
  return guess === undefined ? null : `did you mean ${JSON.stringify(guess)}?`;
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const [above, left, diagonal] = [last[column], current[column - 1], last[column - 1]];
      let cost = Math.min((above ?? 0) + 1, (left ?? 0) + 1, (diagonal ?? 0) + (same ? 0 : 1));
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (row > 1 && column > 1 && swapped) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[_-]/g, '');
}
