/** Which content coding an answer gets. */
import type { Encoding } from '@lb/shared/model/encoding';

/**
 * The coding that the client likes best; of those that it likes the same, the first that is offered. undefined: the answer goes
 * as it is. That is also what becomes of a client that takes nothing of what there is: it can do more with an answer than with
 * 406. @param accept Accept-Encoding, all lines of it @see RFC 9110 section 12.5.3
 */
export function chooseEncoding(
  accept: string | undefined,
  offered: readonly Encoding[],
): Encoding | undefined {
  if (accept === undefined || accept === '') return undefined;
  const weights = weightsOf(accept);
  const others = weights.get('*') ?? 0;
  let best: Encoding | undefined;
  // Who names it wants it; to whom does not, anything that is smaller is better.
  let most = weights.get('identity') ?? 0;
  for (const encoding of offered) {
    const weight = weights.get(encoding) ?? others;
    if (weight === 0 || weight < most || (weight === most && best !== undefined)) continue;
    best = encoding;
    most = weight;
  }
  return best;
}

/** Weights by coding, `*` included. What cannot be read is not there. */
function weightsOf(accept: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of accept.toLowerCase().split(',')) {
    const semicolon = part.indexOf(';');
    const coding = (semicolon < 0 ? part : part.slice(0, semicolon)).trim();
    const weight = semicolon < 0 ? 1 : weightOf(part.slice(semicolon + 1).trim());
    // RFC 9110 section 8.4.1.3: an old name of the same.
    if (weight !== undefined) weights.set(coding === 'x-gzip' ? 'gzip' : coding, weight);
  }
  return weights;
}

/** @see RFC 9110 section 12.4.2 */
function weightOf(parameter: string): number | undefined {
  const value = /^q ?= ?(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(parameter)?.[1];
  return value === undefined ? undefined : Number(value);
}
