/**
 * Values from the wire, as they may stand in a line: in ASCII, for C1 controls move terminals and a character is a byte of
 * the line's length, and no longer than a line has room for.
 */

/** What the kernel writes to a pipe without mixing it with what others write (PIPE_BUF). */
export const MAX_LINE = 4096;

/** Longest value in a line of JSON, as escaped: five of them and the rest stay below MAX_LINE. */
const MAX_JSON_VALUE = 600;

/** Most values need no escape, and telling that costs less than escaping. */
export const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** JSON; null for what is not there. */
export function quote(text: string | undefined): string {
  if (text === undefined || text === '') return 'null';
  if (text.length <= MAX_JSON_VALUE && PLAIN.test(text)) return `"${text}"`;
  const escaped = JSON.stringify(text.slice(0, MAX_JSON_VALUE + 1))
    .slice(1, -1)
    .replace(/[\x7f-\uffff]/g, (odd) => `\\u${odd.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `"${shorten(escaped, MAX_JSON_VALUE)}"`;
}

/** nginx's way: `\xHH` for quotes, backslashes and whatever is not printable ASCII; `-` for what is not there. */
export function escapeHex(text: string | undefined, most: number): string {
  if (text === undefined || text === '') return '-';
  const escaped = text
    .slice(0, most + 1)
    .replace(
      /[^\x20-\x21\x23-\x5b\x5d-\x7e]/g,
      (odd) => `\\x${odd.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
    );
  return shorten(escaped, most);
}

const MARK = '...';
/** By so much a shortened value is longer than it was to be. */
export const MARK_LENGTH: number = MARK.length;

/** Cuts where no escape is cut in two, and says that it did. */
function shorten(escaped: string, most: number): string {
  if (escaped.length <= most) return escaped;
  const whole = /^(?:[^\\]|\\u[\da-f]{4}|\\x[\dA-F]{2}|\\[^ux])*/.exec(escaped.slice(0, most));
  return `${whole?.[0] ?? ''}${MARK}`;
}
