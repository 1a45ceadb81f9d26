/**
 * What a field's name means to a proxy, found without making a lower-case copy of names that mean nothing to it: nearly all.
 */

export const OTHER = 0;
/** Ends at this hop and says nothing that the balancer reads. @see RFC 9110 section 7.6.1 */
const HOP_BY_HOP = 1;
export const KEEP_ALIVE = 2;
export const CONNECTION = 3;
export const TE = 4;
export const TRAILER = 5;
export const UPGRADE = 6;
export const TRANSFER_ENCODING = 7;
export const CONTENT_LENGTH = 8;
export const HOST = 9;
export const EXPECT = 10;
export const VIA = 11;
export const MAX_FORWARDS = 12;
export const DATE = 13;
export const USER_AGENT = 14;
export const REFERER = 15;
/** `X-...` and `Forwarded`: may say who the client is, or be read so. */
export const MAY_IDENTIFY = 16;
export const TRACEPARENT = 17;
export const TRACESTATE = 18;
export const CACHE_CONTROL = 19;
export const AUTHORIZATION = 20;
export const RANGE = 21;
export const IF_NONE_MATCH = 22;
export const IF_MODIFIED_SINCE = 23;
export const IF_MATCH = 24;
export const IF_UNMODIFIED_SINCE = 25;

export type FieldKind = number;

const KINDS = new Map<string, FieldKind>([
  ['connection', CONNECTION],
  ['keep-alive', KEEP_ALIVE],
  ['proxy-connection', HOP_BY_HOP],
  ['te', TE],
  ['trailer', TRAILER],
  ['transfer-encoding', TRANSFER_ENCODING],
  ['upgrade', UPGRADE],
  ['http2-settings', HOP_BY_HOP],
  ['proxy-authenticate', HOP_BY_HOP],
  ['proxy-authorization', HOP_BY_HOP],
  ['content-length', CONTENT_LENGTH],
  ['host', HOST],
  ['expect', EXPECT],
  ['via', VIA],
  ['max-forwards', MAX_FORWARDS],
  ['date', DATE],
  ['user-agent', USER_AGENT],
  ['referer', REFERER],
  ['forwarded', MAY_IDENTIFY],
  ['traceparent', TRACEPARENT],
  ['tracestate', TRACESTATE],
  ['cache-control', CACHE_CONTROL],
  ['authorization', AUTHORIZATION],
  ['range', RANGE],
  ['if-none-match', IF_NONE_MATCH],
  ['if-modified-since', IF_MODIFIED_SINCE],
  ['if-match', IF_MATCH],
  ['if-unmodified-since', IF_UNMODIFIED_SINCE],
]);

const LETTERS = 32;
/** The bit that makes a letter a small one. */
const CASE = 0x20;
const X = 'x'.charCodeAt(0);
const MAX_LENGTH = Math.max(...[...KINDS.keys()].map(({ length }) => length));

interface KnownName {
  readonly name: string;
  readonly kind: FieldKind;
}

/** By length and first letter, which no two known names have in common. */
const KNOWN: (KnownName | undefined)[] = Array.from({ length: (MAX_LENGTH + 1) * LETTERS });
for (const [name, kind] of KINDS) {
  const place = name.length * LETTERS + letterAt(name, 0);
  if (KNOWN[place] !== undefined) throw new Error(`${name} needs another way to be told apart`);
  KNOWN[place] = { name, kind };
}

/** The kind of a field, by its name in any case; OTHER is passed on as it is. */
export function fieldKind(name: string): FieldKind {
  return fieldKindAt(name, 0, name.length);
}

/** Same, of the name that stands there in a text. */
export function fieldKindAt(text: string, start: number, end: number): FieldKind {
  const length = end - start;
  if ((text.charCodeAt(start) | CASE) === X) return MAY_IDENTIFY;
  if (length > MAX_LENGTH) return OTHER;
  const known = KNOWN[length * LETTERS + letterAt(text, start)];
  return known !== undefined && isSpelledAt(text, start, known.name) ? known.kind : OTHER;
}

/** Whether this name stands there, in any case. */
export function isSpelledAt(text: string, start: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    const code = text.charCodeAt(start + i);
    const wanted = lower.charCodeAt(i);
    if (code === wanted) continue;
    // The bit of case tells letters apart by case, and other bytes of a token from each other.
    if ((code | CASE) !== wanted || !isLowerLetter(wanted)) return false;
  }
  return true;
}

function isLowerLetter(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

/** Whether a field of this kind ends at this hop, in either direction. */
export function endsHere(kind: FieldKind): boolean {
  return kind >= HOP_BY_HOP && kind <= TRANSFER_ENCODING;
}

/** The same number for a letter in either case, and for some bytes that are none: a place to look, not an answer. */
function letterAt(text: string, at: number): number {
  return text.charCodeAt(at) % LETTERS;
}

/**
 * All lines of a name, joined by commas as HTTP has it; undefined when there is none.
 * @param fields names and values in turn @param lower the name in lower case
 */
export function valueOf(fields: readonly string[], lower: string): string | undefined {
  let value: string | undefined;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (name.length !== lower.length || name.toLowerCase() !== lower) continue;
    const line = fields[i + 1] as string;
    value = value === undefined ? line : `${value}, ${line}`;
  }
  return value;
}
