/** The field lines that go back to the client: the backend's, without what ends here, taken over in runs. */
import * as names from '../http1/field-names.ts';
import { type HeadText, headTextOf, MARK_LENGTH } from '../http1/head-text.ts';
import { connectionNamed } from './hop-by-hop.ts';

export interface ResponseLines {
  /** Latin-1, each line with its CR LF. Content-Length is included where the backend sent one that may pass. */
  readonly text: string;
  readonly hasLength: boolean;
  readonly hasDate: boolean;
}

/**
 * @param bodyless the status forbids a body and a length with it (204), RFC 9110 section 8.6
 * @param mayHaveTrailers the client's protocol can carry them
 */
export function responseLines(
  head: HeadText,
  bodyless: boolean,
  mayHaveTrailers: boolean,
): ResponseLines {
  const { text, marks } = head;
  let kept = '';
  let hasLength = false;
  let hasDate = false;
  let hasTrailer = false;
  let from = head.fieldsStart;
  for (let mark = 0; mark < marks.length; mark += MARK_LENGTH) {
    const kind = marks[mark] as names.FieldKind;
    if (kind === names.CONNECTION) {
      const named = connectionNamed(head.valueAt(mark));
      if (named !== undefined)
        return responseLines(without(head, named), bodyless, mayHaveTrailers);
    }
    hasTrailer ||= kind === names.TRAILER;
    hasDate ||= kind === names.DATE;
    const isLength = kind === names.CONTENT_LENGTH;
    hasLength ||= isLength && !bodyless;
    if (!names.endsHere(kind) && !(isLength && bodyless)) continue;
    const start = marks[mark + 1] as number;
    if (start > from) kept += text.slice(from, start);
    from = (marks[mark + 3] as number) + 2;
  }
  if (from < text.length) kept += text.slice(from);
  // Only a chunked answer carries what it announces.
  if (hasTrailer && !hasLength && mayHaveTrailers) {
    kept += `Trailer: ${head.valueOf(names.TRAILER)}\r\n`;
  }
  return { text: kept, hasLength, hasDate };
}

/** The head without the fields of these names, and without the Connection lines that named them. */
function without(head: HeadText, named: ReadonlySet<string>): HeadText {
  const { fields } = head;
  const kept: string[] = [];
  const more = connectionNamed(names.valueOf(fields, 'connection') ?? '') ?? named;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const lower = name.toLowerCase();
    if (!more.has(lower) && lower !== 'connection') kept.push(name, fields[i + 1] as string);
  }
  return headTextOf(kept);
}
