/** Reads cookies of requests. */

/**
 * The value of the first cookie of this name, as it was sent but for quotes around it; undefined when there is none.
 * @param cookies the Cookie field: `a=1; b=2`. Several lines are joined by commas where HTTP/1.1 allows one: the comma then
 * ends a value as a semicolon does.
 * @see RFC 6265 sections 4.2.1 and 5.4
 */
export function readCookie(cookies: string | undefined, name: string): string | undefined {
  if (cookies === undefined) return undefined;
  for (let at = cookies.indexOf(name); at >= 0; at = cookies.indexOf(name, at + 1)) {
    const equals = at + name.length;
    if (cookies[equals] === '=' && beginsPair(cookies, at)) return valueAt(cookies, equals + 1);
  }
  return undefined;
}

/** Nothing but spaces stands between it and the pair before. */
function beginsPair(cookies: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (cookies[before] === ' ' || cookies[before] === '\t')) before--;
  return before < 0 || cookies[before] === ';' || cookies[before] === ',';
}

function valueAt(cookies: string, start: number): string {
  let end = start;
  while (end < cookies.length && cookies[end] !== ';' && cookies[end] !== ',') end++;
  const value = cookies.slice(start, end).trim();
  const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return isQuoted ? value.slice(1, -1) : value;
}
