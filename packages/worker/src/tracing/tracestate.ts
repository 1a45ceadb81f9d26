/** The field in which systems of tracing keep notes of their own. @see W3C Trace Context Level 2, section 3.3 */

/** What every party has to pass on; who sends more cannot count on it. */
const MOST_CHARACTERS = 512;
const MOST_MEMBERS = 32;

/** `key=value`: printable ASCII without commas and "=" in the value, which does not end with a space. */
const MEMBER =
  /^[a-z\d][a-z\d_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** The value that may be passed on as it is; undefined for one that is invalid, too long or empty. @param value as it came, lines joined by commas */
export function validTracestate(value: string): string | undefined {
  if (value.length > MOST_CHARACTERS) return undefined;
  let members = 0;
  for (const piece of value.split(',')) {
    const member = piece.replace(/^[ \t]+|[ \t]+$/g, '');
    if (member === '') continue;
    if (!MEMBER.test(member)) return undefined;
    members++;
  }
  return members === 0 || members > MOST_MEMBERS ? undefined : value;
}
