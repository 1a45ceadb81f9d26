/** The header fields that go back to the client: the backend's, without what ends here. */
import { connectionNamed, isHopByHop } from './hop-by-hop.ts';

/** Framing of an answer, read from its fields. */
export interface ResponseFields {
  /** Names and values in turn, Content-Length included where the backend sent one that may pass. */
  readonly headers: string[];
  readonly hasLength: boolean;
}

/**
 * @param bodyless the status forbids a body and a length with it (204), RFC 9110 section 8.6
 * @param mayHaveTrailers the client's protocol can carry them and the answer is chunked
 */
export function responseHeaders(
  raw: readonly string[],
  bodyless: boolean,
  mayHaveTrailers: boolean,
): ResponseFields {
  const named = connectionNamed(raw);
  const headers: string[] = [];
  let hasLength = false;
  let trailer = '';
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'trailer') trailer = trailer === '' ? value : `${trailer}, ${value}`;
    if (isHopByHop(lower) || named?.has(lower) === true) continue;
    if (lower === 'content-length') {
      if (bodyless) continue;
      hasLength = true;
    }
    headers.push(name, value);
  }
  // Node refuses a Trailer field on an answer that is not chunked, and throws.
  if (trailer !== '' && !hasLength && mayHaveTrailers) headers.push('Trailer', trailer);
  return { headers, hasLength };
}
