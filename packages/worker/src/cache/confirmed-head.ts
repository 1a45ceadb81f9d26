/** A stored head after the backend said that it still holds. */
import { valueOf } from '../http1/field-names.ts';
import { fieldsOf } from '../http1/head-text.ts';
import { isSameTag } from './conditions.ts';
import type { StoredHead } from './stored-answer.ts';

/** How the stored bytes are to be read is said by the answer that they came with. @see RFC 9111 section 3.2 */
const OF_THE_BODY = new Set([
  'content-length',
  'content-encoding',
  'content-range',
  'content-md5',
  'content-digest',
]);

/** For the client that the confirmation was meant for, and nobody else. */
const OF_THE_CLIENT = 'set-cookie';

/** Whether a 304 confirms what is stored, and not something else that its sender has. @see RFC 9111 section 4.3.4 */
export function confirms(fields: readonly string[], { etag }: StoredHead): boolean {
  const said = valueOf(fields, 'etag');
  return said === undefined || etag === undefined || isSameTag(said, etag);
}

/** Names and values of the stored head, with what the 304 says in place of what was said before. @see RFC 9111 section 3.2 */
export function confirmedFields(stored: StoredHead, update: readonly string[]): string[] {
  const newer: string[] = [];
  const names = new Set<string>();
  for (let i = 0; i < update.length; i += 2) {
    const name = update[i] as string;
    const lower = name.toLowerCase();
    if (OF_THE_BODY.has(lower) || lower === OF_THE_CLIENT) continue;
    names.add(lower);
    newer.push(name, update[i + 1] as string);
  }
  const kept: string[] = [];
  const before = fieldsOf(stored.lines);
  for (let i = 0; i < before.length; i += 2) {
    const name = before[i] as string;
    if (!names.has(name.toLowerCase())) kept.push(name, before[i + 1] as string);
  }
  return [...kept, ...newer];
}

/** Lines of the 304 that are not stored. */
export function clientLines(update: readonly string[]): string {
  let lines = '';
  for (let i = 0; i < update.length; i += 2) {
    if ((update[i] as string).toLowerCase() === OF_THE_CLIENT)
      lines += `${update[i]}: ${update[i + 1]}\r\n`;
  }
  return lines;
}
