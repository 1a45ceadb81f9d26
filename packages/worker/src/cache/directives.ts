/** What Cache-Control says, of a request or of an answer. */

/** Directives that mean something to a shared cache. Durations in seconds; undefined where the directive is absent. */
export interface Directives {
  readonly noStore: boolean;
  /** Of the whole message: the form that names fields is in `withheld`. */
  readonly noCache: boolean;
  /** Same. */
  readonly isPrivate: boolean;
  /** Fields, in lower case, that `no-cache="..."` and `private="..."` keep out of a shared cache. */
  readonly withheld: readonly string[];
  readonly isPublic: boolean;
  readonly mustRevalidate: boolean;
  readonly proxyRevalidate: boolean;
  readonly mustUnderstand: boolean;
  readonly immutable: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAge: number | undefined;
  readonly sMaxage: number | undefined;
  readonly minFresh: number | undefined;
  /** Infinity for any age. */
  readonly maxStale: number | undefined;
  readonly staleWhileRevalidate: number | undefined;
  readonly staleIfError: number | undefined;
}

/** Names in lower case, each with its first value, without quotes; undefined for one that has none. */
export type DirectiveValues = ReadonlyMap<string, string | undefined>;

/** More is the same as for ever. @see RFC 9111 section 1.2.2 */
const MAX_SECONDS = 2 ** 31;

/** Reads Cache-Control, all of its lines joined by commas. @see RFC 9111 section 5.2 */
export function parseCacheControl(value: string | undefined): Directives {
  return value === undefined ? NO_DIRECTIVES : toDirectives(readValues(value));
}

/** What the values mean. */
export function toDirectives(values: DirectiveValues): Directives {
  const noCacheOf = values.get('no-cache');
  const privateOf = values.get('private');
  return {
    noStore: values.has('no-store'),
    noCache: values.has('no-cache') && noCacheOf === undefined,
    isPrivate: values.has('private') && privateOf === undefined,
    withheld: [...namesIn(noCacheOf), ...namesIn(privateOf)],
    isPublic: values.has('public'),
    mustRevalidate: values.has('must-revalidate'),
    proxyRevalidate: values.has('proxy-revalidate'),
    mustUnderstand: values.has('must-understand'),
    immutable: values.has('immutable'),
    onlyIfCached: values.has('only-if-cached'),
    maxAge: limit(values, 'max-age'),
    sMaxage: limit(values, 's-maxage'),
    minFresh: allowance(values, 'min-fresh'),
    maxStale:
      values.has('max-stale') && values.get('max-stale') === undefined
        ? Number.POSITIVE_INFINITY
        : allowance(values, 'max-stale'),
    staleWhileRevalidate: allowance(values, 'stale-while-revalidate'),
    staleIfError: allowance(values, 'stale-if-error'),
  };
}

/** A time that ends freshness: what cannot be read is none at all. @see RFC 9111 section 4.2.1 */
function limit(values: DirectiveValues, name: string): number | undefined {
  return values.has(name) ? (parseSeconds(values.get(name)) ?? 0) : undefined;
}

/** A time by which more is allowed: what cannot be read allows nothing. */
function allowance(values: DirectiveValues, name: string): number | undefined {
  return parseSeconds(values.get(name));
}

/** delta-seconds, or undefined. @see RFC 9111 section 1.2.2 */
export function parseSeconds(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  return Math.min(Number(text), MAX_SECONDS);
}

/** The first of several counts. @see RFC 9111 section 4.2.1 */
function readValues(value: string): DirectiveValues {
  const values = new Map<string, string | undefined>();
  for (const member of splitOutsideQuotes(value)) {
    const equals = member.indexOf('=');
    const name = (equals < 0 ? member : member.slice(0, equals)).toLowerCase();
    // A space beside the sign is no part of the grammar: `max-age ` is a name that nobody knows, ` 60` no number.
    const key = name.trimEnd();
    if (key === '' || values.has(key)) continue;
    const isOdd = key !== name;
    values.set(key, equals < 0 ? undefined : isOdd ? '' : unquoted(member.slice(equals + 1)));
  }
  return values;
}

/** Members of a list; a comma in a quoted string parts nothing. */
function splitOutsideQuotes(list: string): string[] {
  if (!list.includes('"')) return list.split(',').map((member) => member.trim());
  const members: string[] = [];
  let from = 0;
  let isQuoted = false;
  for (let at = 0; at < list.length; at++) {
    const character = list[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (character === '\\' && isQuoted) at++;
    else if (character === ',' && !isQuoted) {
      members.push(list.slice(from, at).trim());
      from = at + 1;
    }
  }
  members.push(list.slice(from).trim());
  return members;
}

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"')
    ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1')
    : value;
}

function namesIn(list: string | undefined): string[] {
  if (list === undefined) return [];
  return list
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Of a message without Cache-Control. */
export const NO_DIRECTIVES: Directives = toDirectives(new Map());

/** A client that wants an answer of its own, fresher than what may be stored. */
export function wantsItsOwn({ noCache, maxAge, minFresh }: Directives): boolean {
  return noCache || maxAge !== undefined || minFresh !== undefined;
}
