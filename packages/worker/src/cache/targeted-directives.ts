/**
 * CDN-Cache-Control: the same directives as Cache-Control, for shared caches alone and in a strict syntax. Where it can be
 * read, Cache-Control and Expires say nothing to the cache.
 * @see RFC 9213, RFC 8941 section 3.2
 */
import { type DirectiveValues, type Directives, toDirectives } from './directives.ts';

const KEY = '[a-z*][a-z0-9_.*-]*';
const INTEGER = String.raw`-?\d{1,15}`;
const STRING = String.raw`"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"`;
const TOKEN = "[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*";
const BARE = String.raw`-?\d{1,12}\.\d{1,3}|${INTEGER}|${STRING}|${TOKEN}|:[A-Za-z0-9+/=]*:|\?[01]`;
const PARAMETERS = `(?:; *${KEY}(?:=(?:${BARE}))?)*`;
const ITEM = `(?:${BARE})${PARAMETERS}`;
const INNER_LIST = String.raw`\( *(?:${ITEM}(?: +${ITEM})*)? *\)`;
const MEMBER = new RegExp(`(${KEY})(?:=(${BARE}|${INNER_LIST}))?${PARAMETERS}`, 'y');
const COMMA = /[ \t]*,[ \t]*/y;

/** Which take a number. One of another type is as good as absent. */
const IN_SECONDS = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error']);

/** undefined when the field is absent, empty or malformed: then it is as if it were not there. @param value all lines joined by commas */
export function parseTargeted(value: string | undefined): Directives | undefined {
  const values = value === undefined ? undefined : readDictionary(value.replaceAll(/^ +| +$/g, ''));
  return values === undefined || values.size === 0 ? undefined : toDirectives(values);
}

function readDictionary(text: string): DirectiveValues | undefined {
  const values = new Map<string, string | undefined>();
  for (let at = 0; at < text.length;) {
    MEMBER.lastIndex = at;
    const member = MEMBER.exec(text);
    if (member === null) return undefined;
    const [whole, key = '', bare] = member;
    take(values, key, bare);
    at += whole.length;
    if (at === text.length) break;
    COMMA.lastIndex = at;
    const comma = COMMA.exec(text);
    if (comma === null) return undefined;
    at += comma[0].length;
    if (at === text.length) return undefined;
  }
  return values;
}

/** The last of several counts. @see RFC 8941 section 4.2.2 */
function take(
  values: Map<string, string | undefined>,
  key: string,
  bare: string | undefined,
): void {
  values.delete(key);
  if (bare === '?0') return;
  if (IN_SECONDS.has(key)) {
    if (bare !== undefined && /^-?\d+$/.test(bare)) values.set(key, bare);
    return;
  }
  if (bare === undefined || bare === '?1') values.set(key, undefined);
  else if (bare.startsWith('"')) values.set(key, bare.slice(1, -1).replaceAll(/\\(.)/g, '$1'));
}
