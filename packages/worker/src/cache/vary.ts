/** Which of several stored answers fits a request. @see RFC 9111 section 4.1 */

/** A request, as far as variants are concerned. */
export interface FieldReader {
  /** The value of a field, all its lines joined by commas; undefined when there is none. */
  header(lower: string): string | undefined;
}

/** Fields whose values are words in any case. */
const CASELESS = new Set(['accept-encoding', 'accept-language', 'accept-charset']);

/** The names that an answer varies by, in lower case and in order; undefined when nothing tells what it varies by (`*`). */
export function varyNames(vary: string | undefined): readonly string[] | undefined {
  if (vary === undefined) return NO_NAMES;
  const names = vary
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.includes('*') ? undefined : [...new Set(names)].sort();
}

/** What tells the variants of one address apart: equal texts for requests that get the same one. */
export function variantOf(names: readonly string[], request: FieldReader): string {
  let variant = '';
  for (const name of names) {
    const value = request.header(name);
    // One that is absent differs from an empty one.
    variant += value === undefined ? '\n' : `=${normalised(name, value)}\n`;
  }
  return variant;
}

/** Whitespace around the commas of a list means nothing. In quotes it may: then the value is taken as it is. */
function normalised(name: string, value: string): string {
  const plain = value.includes('"') ? value : value.replaceAll(/\s*,\s*/g, ',');
  return CASELESS.has(name) ? plain.toLowerCase() : plain;
}

const NO_NAMES: readonly string[] = [];
