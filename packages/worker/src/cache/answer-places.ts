/** Where an answer of a cache is among those that are shared: by its address as purges name it, and by what else tells it from others. */
import { createHash } from 'node:crypto';
import type { AnswerPlace } from '@lb/shared/store/answers';

/** @param key of the cache @param variant of the key, by the names in `vary` */
export function placeOf(
  cache: string,
  key: string,
  vary: readonly string[],
  variant: string,
): AnswerPlace {
  const own = purgeableKey(key);
  // What trusted proxies said, and the letter case of the host, are told apart but purged together.
  const rest = own === key ? variant : `${key}\n\n${variant}`;
  return {
    address: `${cache} ${own}`,
    vary: vary.join(),
    variant: rest === '' ? '' : digest(rest),
  };
}

/** A key without what its URL does not tell, the host in lower case. */
export function purgeableKey(key: string): string {
  const end = key.indexOf('\n');
  const line = end < 0 ? key : key.slice(0, end);
  const host = line.indexOf('://') + 3;
  const path = line.indexOf('/', host);
  const upTo = path < 0 ? line.length : path;
  return line.slice(0, host) + line.slice(host, upTo).toLowerCase() + line.slice(upTo);
}

/** Bounded, and printable. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
