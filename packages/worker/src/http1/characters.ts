/** Which bytes may stand where in a message, as tables: one look-up a byte. */

/** 1 for tchar. @see RFC 9110 section 5.6.2 */
export const TOKEN_BYTES: Uint8Array = bytesMatching(/[!#$%&'*+.^_`|~0-9A-Za-z-]/);

/** 1 for field-vchar, SP and HTAB: no NUL, no CR, no LF, no other control. @see RFC 9110 section 5.5 */
export const TEXT_BYTES: Uint8Array = bytesMatching(/[\t\x20-\x7e\x80-\xff]/);

/** Position of the first byte that the table has not, or `stop`. */
export function runEnd(table: Uint8Array, bytes: Buffer, start: number, stop: number): number {
  let at = start;
  while (at < stop && table[bytes[at] as number] === 1) at++;
  return at;
}

function bytesMatching(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    pattern.test(String.fromCharCode(byte)) ? 1 : 0,
  );
}
