/**
 * One path for matching, logging and forwarding. It is normalised once, before routing, so that a rule cannot be passed by
 * writing the same path in another way.
 * @see RFC 3986 section 6.2.2
 */

/** A request target in origin form. */
export interface Target {
  /** What is forwarded and logged: dot segments resolved, escapes of unreserved characters undone, empty segments kept. */
  readonly path: string;
  /** What rules look at: `path` without empty segments, its escapes in upper case. */
  readonly matchPath: string;
  /** From the `?` on, as it came; '' without a query. */
  readonly search: string;
}

/** One that was refused, as it came, for the log: no rule looks at it. */
export function refusedTarget(target: string): Target {
  const at = target.indexOf('?');
  const end = at === -1 ? target.length : at;
  return { path: target.slice(0, end), matchPath: '', search: target.slice(end) };
}

/** Reads a target that starts with '/', or returns undefined for one that has to be refused with 400. */
export function parseTarget(target: string): Target | undefined {
  if (!target.startsWith('/')) return undefined;
  const traits = traitsOf(target);
  if ((traits & REFUSED) !== 0) return undefined;
  if (traits === 0) return { path: target, matchPath: target, search: '' };
  const question = target.indexOf('?');
  const raw = question < 0 ? target : target.slice(0, question);
  const search = question < 0 ? '' : target.slice(question);
  if ((traits & NEEDS_WORK) === 0) return { path: raw, matchPath: raw, search };
  const path = normalisePath(raw);
  return path === undefined ? undefined : { path, matchPath: toMatchPath(path), search };
}

/** Space, controls and raw bytes above ASCII are in no URI; a fragment is never sent. */
const REFUSED = 1;
/** Escapes, backslashes, and what may be empty or dot segments. Most paths have none of these and pass as they are. */
const NEEDS_WORK = 2;
const HAS_QUERY = 4;

const SPACE = 0x20;
const HASH = 0x23;
const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;
const QUESTION = 0x3f;
const BACKSLASH = 0x5c;
const DELETE = 0x7f;

/** One pass over a target; two expressions took twice the time. */
function traitsOf(target: string): number {
  let traits = 0;
  let before = 0;
  for (let i = 0; i < target.length; i++) {
    const code = target.charCodeAt(i);
    if (code <= SPACE || code >= DELETE || code === HASH) return REFUSED;
    if ((traits & HAS_QUERY) !== 0) continue;
    if (code === QUESTION) traits |= HAS_QUERY;
    else if (code === PERCENT || code === BACKSLASH) traits |= NEEDS_WORK;
    else if (before === SLASH && (code === SLASH || code === DOT)) traits |= NEEDS_WORK;
    before = code;
  }
  return traits;
}

/** Resolves dot segments and undoes needless escapes, or returns undefined for a path that must be refused. */
export function normalisePath(raw: string): string | undefined {
  if (raw.includes('\\')) return undefined;
  const plain = undoNeedlessEscapes(raw);
  if (plain === undefined) return undefined;
  const kept: string[] = [];
  const segments = plain.split('/').slice(1);
  for (const [place, segment] of segments.entries()) {
    const isLast = place === segments.length - 1;
    if (hidesDotSegment(segment)) return undefined;
    if (segment === '..') {
      if (kept.pop() === undefined) return undefined;
      if (isLast) kept.push('');
    } else if (segment === '.') {
      if (isLast) kept.push('');
    } else {
      kept.push(segment);
    }
  }
  return `/${kept.join('/')}`;
}

/** `path` as rules see it. */
export function toMatchPath(path: string): string {
  const joined = path.replace(/\/{2,}/g, '/');
  return joined.includes('%')
    ? joined.replace(/%[\da-f]{2}/gi, (escape) => escape.toUpperCase())
    : joined;
}

const UNRESERVED = /[A-Za-z0-9\-._~]/;

function undoNeedlessEscapes(raw: string): string | undefined {
  let isBad = false;
  const plain = raw.replace(/%(.{0,2})/g, (escape, digits: string) => {
    if (!/^[\da-f]{2}$/i.test(digits) || digits === '00') {
      isBad = true;
      return escape;
    }
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return UNRESERVED.test(character) ? character : escape;
  });
  return isBad ? undefined : plain;
}

/** `..%2f`, `%2f..`, `.%5c`: a backend that decodes the separator would see a dot segment that no rule has seen. */
function hidesDotSegment(segment: string): boolean {
  if (!/%(2f|5c)/i.test(segment)) return false;
  return segment.split(/%2f|%5c/i).some((part) => part === '.' || part === '..');
}
