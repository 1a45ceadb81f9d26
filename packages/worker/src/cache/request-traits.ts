/** What matters to a cache in the head of a request: most requests have none of it. */
import * as names from '../http1/field-names.ts';
import { type HeadText, MARK_LENGTH } from '../http1/head-text.ts';
import type { RequestHead } from '../request/request-head.ts';

/** Cache-Control. */
export const DIRECTIVES = 1;
/** Range, and perhaps If-Range. */
export const RANGE = 2;
/** If-None-Match or If-Modified-Since: a cache may answer for itself. */
export const CONDITIONAL = 4;
/** If-Match or If-Unmodified-Since: for the origin alone. @see RFC 9111 section 4.3.2 */
const PRECONDITION = 8;
export const AUTHORIZATION = 16;

/** The trait of a field, by its kind. */
const TRAIT_OF: readonly number[] = traitsByKind([
  [names.CACHE_CONTROL, DIRECTIVES],
  [names.RANGE, RANGE],
  [names.IF_NONE_MATCH, CONDITIONAL],
  [names.IF_MODIFIED_SINCE, CONDITIONAL],
  [names.IF_MATCH, PRECONDITION],
  [names.IF_UNMODIFIED_SINCE, PRECONDITION],
  [names.AUTHORIZATION, AUTHORIZATION],
]);

/** The sum of what the fields are. Runs per request: no allocation. */
export function traitsOf({ marks }: HeadText): number {
  let traits = 0;
  for (let mark = 0; mark < marks.length; mark += MARK_LENGTH)
    traits |= TRAIT_OF[marks[mark] as names.FieldKind] ?? 0;
  return traits;
}

function traitsByKind(pairs: readonly (readonly [names.FieldKind, number])[]): number[] {
  const traits = Array.from({ length: 1 + Math.max(...pairs.map(([kind]) => kind)) }, () => 0);
  for (const [kind, trait] of pairs) traits[kind] = trait;
  return traits;
}

/**
 * Fields that frameworks take for the target, the host or the method of the request, in place of its own.
 * Security: an answer to them must not be found by who asks for the address they came to (cache poisoning).
 */
const OVERRIDES = new Set([
  'x-original-url',
  'x-original-uri',
  'x-original-path',
  'x-original-host',
  'x-rewrite-url',
  'x-override-url',
  'x-http-destinationurl',
  'x-host',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
]);

/** Whether a field may make the backend answer another request than the one that is seen here. */
function overridesRequest(lines: HeadText): boolean {
  for (let mark = 0; mark < lines.marks.length; mark += MARK_LENGTH) {
    if (lines.marks[mark] !== names.MAY_IDENTIFY) continue;
    // Backends that make variables of names do not tell `_` from `-`.
    if (OVERRIDES.has(lines.nameAt(mark).toLowerCase().replaceAll(/[_.]/g, '-'))) return true;
  }
  return false;
}

/**
 * Why the answer to a request depends on more than its address and Vary; undefined when it does not. A body is the "fat GET" of cache
 * poisoning. Runs per request: no allocation.
 */
export function whyForOrigin(head: RequestHead, traits: number): string | undefined {
  if (!head.isBodyless) return 'it has a body';
  if (head.upgrade !== undefined) return 'it asks for another protocol';
  if ((traits & PRECONDITION) !== 0) return 'its condition is for the backend alone';
  return head.mayIdentify && overridesRequest(head.lines)
    ? 'a field of it may put another request in its place'
    : undefined;
}
