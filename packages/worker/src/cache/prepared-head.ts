/** The head of a stored answer, ready to be sent on a route: its edits are made once, and what changes with time once a second. */
import type { Encoding } from '@lb/shared/model/encoding';
import { codedFields, varying } from '../compress/coded-fields.ts';
import { fieldsOf, toLines } from '../http1/head-text.ts';
import type { Route } from '../request/route.ts';
import type { StoredAnswer, StoredHead } from './stored-answer.ts';

export interface PreparedHead {
  readonly route: Route;
  /** Field lines, with Content-Length. */
  readonly lines: string;
  /** Those of a 304. */
  readonly confirmation: string;
  readonly hasDate: boolean;
  /** The route compresses it for clients that take that. */
  readonly isCompressible: boolean;
  /** Field lines in a content coding, without a length. For what is compressible. */
  codedLines(encoding: Encoding): string;
}

export function prepareHead(answer: StoredAnswer, route: Route): PreparedHead {
  const { text: edited, hasDate } = editedLines(answer, route);
  const length = lengthLine(answer.status, answer.body.length);
  const { compression } = route;
  const isCompressible = compression?.isFor(answer.status, fieldsOf(edited + length)) === true;
  const text = isCompressible ? varying(edited) : edited;
  const byEncoding = new Map<Encoding, string>();
  return {
    route,
    lines: text + length,
    confirmation: confirmationLines(text, answer.etag !== undefined),
    hasDate,
    isCompressible,
    codedLines: (encoding) => {
      const known = byEncoding.get(encoding) ?? toLines(codedFields(fieldsOf(text), encoding));
      byEncoding.set(encoding, known);
      return known;
    },
  };
}

/** Field lines without a length, as the clients of the route get them. */
export function editedLines(
  { lines }: StoredHead,
  route: Route,
): { text: string; hasDate: boolean } {
  // Whatever is stored has a Date.
  if (route.editResponse === undefined) return { text: lines, hasDate: true };
  const fields = fieldsOf(lines);
  route.editResponse(fields);
  return { text: toLines(fields), hasDate: fields.some((name, i) => i % 2 === 0 && isDate(name)) };
}

/** @see RFC 9110 section 8.6 */
export function lengthLine(status: number, bodyBytes: number): string {
  return status === 204 ? '' : `Content-Length: ${bodyBytes}\r\n`;
}

/** Without what describes the representation, which the client has. @see RFC 9110 section 15.4.5 */
function confirmationLines(lines: string, hasEtag: boolean): string {
  const fields = fieldsOf(lines);
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const lower = (fields[i] as string).toLowerCase();
    const describes = lower.startsWith('content-') && lower !== 'content-location';
    if (describes || (hasEtag && lower === 'last-modified')) continue;
    kept.push(fields[i] as string, fields[i + 1] as string);
  }
  return toLines(kept);
}

function isDate(name: string): boolean {
  return name.length === 4 && name.toLowerCase() === 'date';
}
