/**
 * The extensions of a chunk: read strictly and thrown away. What is malformed here has been the end of the line to some
 * readers and a part of it to others.
 *
 *     ";" --> name --"="--> value or quoted string --CR--> done
 *      ^-------'-----------------'
 *
 * @see RFC 9112 section 7.1.1: chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
 */
const SEPARATOR = 0;
const NAME_START = 1;
const NAME = 2;
const NAME_END = 3;
const VALUE_START = 4;
const VALUE = 5;
const QUOTED = 6;
const ESCAPED = 7;
const VALUE_END = 8;
const DONE = 9;
const MALFORMED = 10;
export type ExtensionState = number;

export const EXTENSION_DONE: ExtensionState = DONE;
export const EXTENSION_MALFORMED: ExtensionState = MALFORMED;

/** The state behind the chunk's size, before its first byte: a semicolon, or whitespace before one. */
export const EXTENSION_START: ExtensionState = SEPARATOR;

/** From a state, by any of these bytes, to a state; every other byte is malformed. */
const STEPS: readonly (readonly [ExtensionState, RegExp, ExtensionState])[] = [
  [SEPARATOR, /[ \t]/, SEPARATOR],
  [SEPARATOR, /;/, NAME_START],
  [NAME_START, /[ \t]/, NAME_START],
  [NAME_START, /[!#$%&'*+.^_`|~0-9A-Za-z-]/, NAME],
  [NAME, /[!#$%&'*+.^_`|~0-9A-Za-z-]/, NAME],
  [NAME, /[ \t]/, NAME_END],
  [NAME, /=/, VALUE_START],
  [NAME, /;/, NAME_START],
  [NAME, /\r/, DONE],
  [NAME_END, /[ \t]/, NAME_END],
  [NAME_END, /=/, VALUE_START],
  [NAME_END, /;/, NAME_START],
  [VALUE_START, /[ \t]/, VALUE_START],
  [VALUE_START, /"/, QUOTED],
  [VALUE_START, /[!#$%&'*+.^_`|~0-9A-Za-z-]/, VALUE],
  [VALUE, /[!#$%&'*+.^_`|~0-9A-Za-z-]/, VALUE],
  [QUOTED, /[\t\x20-\x7e\x80-\xff]/, QUOTED],
  [QUOTED, /\\/, ESCAPED],
  [QUOTED, /"/, VALUE_END],
  [ESCAPED, /[\t\x20-\x7e\x80-\xff]/, QUOTED],
  // Whitespace behind a value is there for a semicolon alone.
  [VALUE, /[ \t]/, SEPARATOR],
  [VALUE, /;/, NAME_START],
  [VALUE, /\r/, DONE],
  [VALUE_END, /[ \t]/, SEPARATOR],
  [VALUE_END, /;/, NAME_START],
  [VALUE_END, /\r/, DONE],
];

/** A later step overrules an earlier one for the same byte. */
const NEXT = new Uint8Array(MALFORMED * 256).fill(MALFORMED);
for (const [from, bytes, to] of STEPS) {
  for (let byte = 0; byte < 256; byte++) {
    if (bytes.test(String.fromCharCode(byte))) NEXT[from * 256 + byte] = to;
  }
}

/** The state behind this byte; EXTENSION_DONE behind the CR that ends the line. */
export function stepExtension(state: ExtensionState, byte: number): ExtensionState {
  return NEXT[state * 256 + byte] as ExtensionState;
}
