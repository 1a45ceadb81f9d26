/** The head of a stored answer, ready to be sent on a route: its edits are made once, and what changes with time once a second. */
import type { Encoding } from '@lb/shared/model/encoding';
import { codedFields, varying } from '../compress/coded-fields.ts';
import { flat } from '../http1/flat.ts';
import { fieldsOf, toLines } from '../http1/head-text.ts';
import type { Route } from '../request/route.ts';
import type { EntryParts } from './entry.ts';
import type { StoredHead } from './stored-answer.ts';

export class PreparedHead {
  readonly route: Route;
  /** Field lines, with Content-Length. */
  readonly lines: string;
  readonly hasDate: boolean;
  /** The route compresses it for clients that take that. */
  readonly isCompressible: boolean;
  readonly #text: string;
  readonly #hasEtag: boolean;
  #confirmation: string | undefined;
  #byEncoding: Map<Encoding, string> | undefined;

  constructor({ answer, body }: Pick<EntryParts, 'answer' | 'body'>, route: Route) {
    const { text: edited, hasDate } = editedLines(answer, route);
    const length = lengthLine(answer.status, body.size);
    const { compression } = route;
    this.route = route;
    this.isCompressible = compression?.isFor(answer.status, fieldsOf(edited + length)) === true;
    this.hasDate = hasDate;
    this.#text = this.isCompressible ? varying(edited) : edited;
    this.#hasEtag = answer.etag !== undefined;
    this.lines = this.#text + length;
  }

  /** Field lines of a 304. */
  get confirmation(): string {
    this.#confirmation ??= flat(confirmationLines(this.#text, this.#hasEtag));
    return this.#confirmation;
  }

  /** Field lines in a content coding, without a length. For what is compressible. */
  codedLines(encoding: Encoding): string {
    this.#byEncoding ??= new Map();
    const known =
      this.#byEncoding.get(encoding) ?? flat(toLines(codedFields(fieldsOf(this.#text), encoding)));
    this.#byEncoding.set(encoding, known);
    return known;
  }
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
