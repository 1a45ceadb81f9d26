/** Holds a target to its promises with one input. */
import { isDeepStrictEqual } from 'node:util';
import type { FuzzTarget, Outcome } from './target.ts';

/** What is wrong with an input; undefined when nothing is. The word in front of the colon names the promise. */
type Problem = string | undefined;

/** Never throws, and reads alike in one piece and in these. @param pieces of the same bytes */
export function checkReading(
  target: FuzzTarget,
  bytes: Buffer,
  pieces: readonly Buffer[],
): { readonly problem: Problem; readonly accepted: unknown } {
  try {
    const outcome = target.read([bytes]);
    return { problem: readingProblem(target, outcome, pieces), accepted: outcome.accepted };
  } catch (error) {
    const problem = `throws: ${error instanceof Error ? error.stack : String(error)}`;
    return { problem, accepted: undefined };
  }
}

/**
 * Accepts nothing that Node refuses or reads in another way, but for known differences, the reason of which it returns.
 * @param accepted what the target read in these bytes
 */
export async function checkReference(
  target: FuzzTarget,
  bytes: Buffer,
  accepted: unknown,
): Promise<{ readonly problem: Problem; readonly known: string | undefined }> {
  const nodes = await target.reference(bytes);
  if (isDeepStrictEqual(nodes, accepted)) return { problem: undefined, known: undefined };
  let rest = bytes;
  for (const { reason, without } of target.known) {
    const before = rest;
    rest = without(before);
    if (rest.equals(before)) continue;
    const plain = target.read([rest]).accepted;
    if (plain !== undefined && isDeepStrictEqual(await target.reference(rest), plain))
      return { problem: undefined, known: reason };
  }
  const problem =
    nodes === undefined
      ? `accepts: ${show(accepted)}, Node refuses`
      : `differs: ${show(accepted)}, Node has ${show(nodes)}`;
  return { problem, known: undefined };
}

function readingProblem(target: FuzzTarget, outcome: Outcome, pieces: readonly Buffer[]): Problem {
  if (outcome.violations.length > 0) return `violates: ${outcome.violations.join(', ')}`;
  const cutOutcome = target.read(pieces);
  return isDeepStrictEqual(cutOutcome, outcome)
    ? undefined
    : `splits: ${show(outcome)} in one piece, ${show(cutOutcome)} in ${pieces.length}`;
}

const SHOWN = 600;

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}
