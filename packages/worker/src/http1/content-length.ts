/** `Content-Length`. */

const ZERO = 0x30;

/**
 * 1*DIGIT and no list. Undefined for anything else, and where a number stops being exact.
 * @see RFC 9110 section 8.6
 */
export function parseContentLength(value: string): number | undefined {
  if (value.length === 0) return undefined;
  let sum = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    sum = sum * 10 + digit;
    if (sum > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return sum;
}
