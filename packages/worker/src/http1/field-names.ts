/**
 * What a field's name means to a proxy, found without making a lower-case copy of names that mean nothing to it: nearly all.
 */

export const OTHER = 0;
/** Ends at this hop and says nothing that the balancer reads. @see RFC 9110 section 7.6.1 */
const HOP_BY_HOP = 1;
export const CONNECTION = 2;
export const TE = 3;
export const TRAILER = 4;
export const UPGRADE = 5;
export const TRANSFER_ENCODING = 6;
export const CONTENT_LENGTH = 7;
export const HOST = 8;
export const EXPECT = 9;
export const VIA = 10;
export const MAX_FORWARDS = 11;
export const DATE = 12;
/** `X-...` and `Forwarded`: may say who the client is, or be read so. */
export const MAY_IDENTIFY = 13;

export type FieldKind = number;

const KINDS = new Map<string, FieldKind>([
  ['connection', CONNECTION],
  ['keep-alive', HOP_BY_HOP],
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
  ['forwarded', MAY_IDENTIFY],
]);

const LETTERS = 32;
const X = 'x'.charCodeAt(0) % LETTERS;
const MAX_LENGTH = Math.max(...[...KINDS.keys()].map(({ length }) => length));

/** 1 where a known name has this length and first letter. */
const CANDIDATES = new Uint8Array((MAX_LENGTH + 1) * LETTERS);
for (const name of KINDS.keys()) CANDIDATES[candidateIndex(name)] = 1;

/** The kind of a field, by its name in any case; OTHER is passed on as it is. */
export function fieldKind(name: string): FieldKind {
  if (name.charCodeAt(0) % LETTERS === X) return MAY_IDENTIFY;
  if (name.length > MAX_LENGTH || CANDIDATES[candidateIndex(name)] === 0) return OTHER;
  return KINDS.get(name.toLowerCase()) ?? OTHER;
}

/** Whether a field of this kind ends at this hop, in either direction. */
export function endsHere(kind: FieldKind): boolean {
  return kind >= HOP_BY_HOP && kind <= TRANSFER_ENCODING;
}

/** A letter in either case has the same remainder. */
function candidateIndex(name: string): number {
  return name.length * LETTERS + (name.charCodeAt(0) % LETTERS);
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
