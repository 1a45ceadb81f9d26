/** `Transfer-Encoding`, and where it must not be. */
import { CONTENT_LENGTH, TRANSFER_ENCODING } from './field-names.ts';
import { type HeadText, MARK_LENGTH } from './head-text.ts';

/**
 * Exactly `chunked`, in any case, with no tab behind it: that is whitespace and no part of the value, but Node's parser, for
 * one, takes such a field for another coding, and two readers of one message is what smuggling needs.
 */
const CHUNKED = /^[\t ]*chunked *$/i;

/** Whether the field that the mark stands for says that the body comes in chunks, to every reader. */
export function saysChunked(lines: HeadText, mark: number): boolean {
  return CHUNKED.test(lines.rawValueAt(mark));
}

/**
 * Whether trailers say how long the message is. They may not (RFC 9110 section 6.5.1), and who believes them reads another
 * message; Node's parser refuses them as well.
 */
export function hasFraming(trailers: HeadText): boolean {
  const { marks } = trailers;
  for (let mark = 0; mark < marks.length; mark += MARK_LENGTH) {
    if (marks[mark] === CONTENT_LENGTH || marks[mark] === TRANSFER_ENCODING) return true;
  }
  return false;
}
