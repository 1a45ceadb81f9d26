/** `Content-Length`. */

const ZERO = 0x30;

/**
 * 1*DIGIT and no list. Undefined for anything else, and where a number stops being exact.
 * @see RFC 9110 section 8.6
 */
export function parseContentLength(
  text: string,
  start: number = 0,
  end: number = text.length,
): number | undefined {
  if (start >= end) return undefined;
  let sum = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    sum = sum * 10 + digit;
    if (sum > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return sum;
}
