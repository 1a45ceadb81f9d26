/** The header fields that go back to the client: the backend's, without what ends here. */
import * as names from '../http1/field-names.ts';
import { connectionNamed } from './hop-by-hop.ts';

export interface ResponseFields {
  /** Names and values in turn, Content-Length included where the backend sent one that may pass. */
  readonly fields: string[];
  readonly hasLength: boolean;
  readonly hasDate: boolean;
}

/**
 * @param bodyless the status forbids a body and a length with it (204), RFC 9110 section 8.6
 * @param mayHaveTrailers the client's protocol can carry them
 */
export function responseHeaders(
  raw: readonly string[],
  bodyless: boolean,
  mayHaveTrailers: boolean,
): ResponseFields {
  const fields: string[] = [];
  let hasLength = false;
  let hasDate = false;
  let connection = '';
  let trailer = '';
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    const kind = names.fieldKind(name);
    if (kind !== names.OTHER) {
      if (kind === names.CONNECTION) connection = listed(connection, value);
      else if (kind === names.TRAILER) trailer = listed(trailer, value);
      if (names.endsHere(kind)) continue;
      if (kind === names.DATE) hasDate = true;
      if (kind === names.CONTENT_LENGTH) {
        if (bodyless) continue;
        hasLength = true;
      }
    }
    fields.push(name, value);
  }
  const named = connectionNamed(connection);
  if (named !== undefined) {
    removeNamed(fields, named);
    hasDate &&= !named.has('date');
  }
  // Only a chunked answer carries what it announces.
  if (trailer !== '' && !hasLength && mayHaveTrailers) fields.push('Trailer', trailer);
  return { fields, hasLength, hasDate };
}

function removeNamed(fields: string[], named: ReadonlySet<string>): void {
  let kept = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (named.has(name.toLowerCase())) continue;
    fields[kept++] = name;
    fields[kept++] = fields[i + 1] as string;
  }
  fields.length = kept;
}

function listed(before: string, value: string): string {
  return before === '' ? value : `${before}, ${value}`;
}
