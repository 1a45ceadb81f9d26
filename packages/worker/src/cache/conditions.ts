/** Conditions: of a client, which the cache answers by what it has, and of the cache itself, which asks whether it still holds. */
import { fieldsOf, type HeadText, toLines } from '../http1/head-text.ts';
import { IF_MODIFIED_SINCE, IF_NONE_MATCH, valueOf } from '../http1/field-names.ts';
import { parseDate } from './parse-date.ts';
import type { StoredHead } from './stored-answer.ts';

/** Conditions and parts: the cache asks for the whole. */
const REPLACED = new Set(['if-none-match', 'if-modified-since', 'if-range', 'range']);

/** Whether the client has what is stored. @see RFC 9111 section 4.3.2 */
export function isNotModified(head: StoredHead, request: HeadText): boolean {
  if (head.etag !== undefined && request.says(IF_NONE_MATCH, head.etag)) return true;
  const ifNoneMatch = request.valueOf(IF_NONE_MATCH);
  // It has precedence. RFC 9110 section 13.2.2.
  if (ifNoneMatch !== undefined) return matchesAny(ifNoneMatch, head.etag);
  const ifModifiedSince = request.valueOf(IF_MODIFIED_SINCE);
  if (ifModifiedSince === undefined || head.status !== 200) return false;
  const { receivedMs } = head.freshness;
  const sinceMs = parseDate(ifModifiedSince, receivedMs);
  const changedAt = head.lastModified ?? valueOf(fieldsOf(head.lines), 'date') ?? '';
  const changedMs = parseDate(changedAt, receivedMs) ?? receivedMs;
  return sinceMs !== undefined && changedMs <= sinceMs;
}

/** Whether a part may be sent for what the client has of the rest. @see RFC 9110 section 13.1.5 */
export function allowsRange(
  { etag, lastModified }: StoredHead,
  ifRange: string | undefined,
): boolean {
  if (ifRange === undefined) return true;
  // Strong comparison: a weak tag does not promise the same bytes.
  return ifRange.includes('"')
    ? ifRange === etag && !ifRange.startsWith('W/')
    : ifRange === lastModified;
}

/** The lines of a request that asks whether an answer still holds. @see RFC 9111 section 4.3.1 */
export function validationLines(lines: string, { etag, lastModified }: StoredHead): string {
  const fields = fieldsOf(lines);
  const asked: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (!REPLACED.has(name.toLowerCase())) asked.push(name, fields[i + 1] as string);
  }
  if (etag !== undefined) asked.push('If-None-Match', etag);
  if (lastModified !== undefined) asked.push('If-Modified-Since', lastModified);
  return toLines(asked);
}

/** Weak comparison of entity tags. @see RFC 9110 section 8.8.3.2 */
export function isSameTag(one: string, other: string): boolean {
  return opaque(one) === opaque(other);
}

function matchesAny(list: string, etag: string | undefined): boolean {
  if (list.trim() === '*') return true;
  if (etag === undefined) return false;
  return (list.match(/(?:W\/)?"[^"]*"/g) ?? []).some((tag) => isSameTag(tag, etag));
}

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}
