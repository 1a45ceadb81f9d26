/** What compression asks of the head of an answer, and what it makes of it. Fields are names and values in turn. */
import type { Encoding } from '@lb/shared/model/encoding';
import { valueOf } from '../http1/field-names.ts';
import { fieldsOf } from '../http1/head-text.ts';
import { type MediaTypes, mediaTypeOf } from './media-types.ts';

/** Statuses whose answers have no body, or a part of one. @see RFC 9110 section 15.3.7 */
const NOT_WHOLE: ReadonlySet<number> = new Set([204, 205, 206, 304]);

/** Fields that speak of the bytes as the backend sent them: their number, parts and sums. */
const OF_THE_BYTES: ReadonlySet<string> = new Set([
  'content-length',
  'accept-ranges',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
]);

/** What of an answer makes it worth compressing. */
export interface Worth {
  readonly types: MediaTypes;
  /** Of a known length. */
  readonly minBytes: number;
}

/** Whether an answer gains by a coding and may have one, whoever asks. */
export function isCompressible(
  status: number,
  fields: readonly string[],
  { types, minBytes }: Worth,
): boolean {
  if (NOT_WHOLE.has(status)) return false;
  const contentType = valueOf(fields, 'content-type');
  if (contentType === undefined || !types.has(mediaTypeOf(contentType))) return false;
  const length = valueOf(fields, 'content-length');
  if (length !== undefined && Number(length) < minBytes) return false;
  return (
    valueOf(fields, 'content-encoding') === undefined &&
    valueOf(fields, 'content-range') === undefined &&
    !forbidsTransform(valueOf(fields, 'cache-control'))
  );
}

/** @param cacheControl of an answer, or of a request, which may ask for it as well @see RFC 9111 section 5.2.2.6 */
export function forbidsTransform(cacheControl: string | undefined): boolean {
  return cacheControl !== undefined && /(^|,)\s*no-transform\s*(,|$)/i.test(cacheControl);
}

/** The fields of the answer in this coding. A strong validator stands for the bytes that it came with (RFC 9110 section 8.8.1). */
export function codedFields(fields: readonly string[], encoding: Encoding): string[] {
  const coded: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const value = fields[i + 1] as string;
    const lower = name.toLowerCase();
    if (OF_THE_BYTES.has(lower)) continue;
    coded.push(name, lower === 'etag' ? weak(value) : value);
  }
  coded.push('Content-Encoding', encoding);
  return coded;
}

/** Trailers without those that speak of the bytes as the backend sent them. */
export function codedTrailers(trailers: readonly string[]): readonly string[] {
  if (trailers.length === 0) return trailers;
  return trailers.filter(
    (_, i) => !OF_THE_BYTES.has((trailers[i - (i % 2)] as string).toLowerCase()),
  );
}

/**
 * The fields of a 304, with the validator as the client knows it: a cache would not find what it has under another.
 * @param ifNoneMatch of the request @see RFC 9111 section 4.3.4
 */
export function knownFields(fields: readonly string[], ifNoneMatch: string | undefined): string[] {
  const known = [...fields];
  if (ifNoneMatch === undefined) return known;
  for (let i = 0; i < known.length; i += 2) {
    if ((known[i] as string).toLowerCase() !== 'etag') continue;
    const weakened = weak(known[i + 1] as string);
    if (ifNoneMatch.includes(weakened)) known[i + 1] = weakened;
  }
  return known;
}

/** Field lines by which caches are told that others may get the answer in another coding. */
export function varying(lines: string): string {
  const vary = valueOf(fieldsOf(lines), 'vary');
  const isTold = vary !== undefined && /(^|,)\s*(\*|accept-encoding)\s*(,|$)/i.test(vary);
  return isTold ? lines : `${lines}Vary: Accept-Encoding\r\n`;
}

function weak(etag: string): string {
  return etag.startsWith('"') ? `W/${etag}` : etag;
}
