/** Raw header arrays (names and values in turn) in the shapes that Node's HTTP client takes. */
import type { RequestBody } from '../request/request-body.ts';

/**
 * Headers by name, repeated ones as lists in their order, plus the framing that the body needs. Names keep the spelling of
 * their first line; a record without a prototype, so that a header called `__proto__` is a header.
 */
export function toHeaderRecord(
  raw: readonly string[],
  body: RequestBody | undefined,
): Record<string, string | string[]> {
  const record = Object.create(null) as Record<string, string | string[]>;
  const spelling = new Map<string, string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const lower = name.toLowerCase();
    const known = spelling.get(lower);
    if (known === undefined) {
      spelling.set(lower, name);
      record[name] = value;
      continue;
    }
    const before = record[known] ?? '';
    record[known] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  if (body !== undefined) {
    if (body.length === undefined) record['Transfer-Encoding'] = 'chunked';
    else record['Content-Length'] = String(body.length);
  }
  return record;
}

/** Names and values in turn -> pairs. */
export function toPairs(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return pairs;
}
