/** `Transfer-Encoding`. */
import type { HeadText } from './head-text.ts';

/**
 * Exactly `chunked`, in any case, with no tab behind it: that is whitespace and no part of the value, but Node's parser, for
 * one, takes such a field for another coding, and two readers of one message is what smuggling needs.
 */
const CHUNKED = /^[\t ]*chunked *$/i;

/** Whether the field that the mark stands for says that the body comes in chunks, to every reader. */
export function saysChunked(lines: HeadText, mark: number): boolean {
  return CHUNKED.test(lines.rawValueAt(mark));
}
