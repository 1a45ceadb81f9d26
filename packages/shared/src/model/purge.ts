/** What is to be taken out of caches before its time. */

export interface Purge {
  /** By its URL, by how its URL begins, or by a name that Surrogate-Key or Cache-Tag gave it. */
  readonly by: 'url' | 'prefix' | 'tag';
  /** Of a URL: with scheme and host, in lower case where an operator wants it. */
  readonly value: string;
  /** By name; null for all of them. */
  readonly cache: string | null;
}

/** What a request has changed, and is not true any more. */
export interface Invalidation {
  readonly cache: string;
  /** As the caches of workers have them. */
  readonly keys: readonly string[];
  /** The instance whose workers have forgotten them already. */
  readonly doneBy: string;
}

/** Whether an answer is meant. @param url with the host in lower case */
export function isPurged(
  { by, value }: Purge,
  answer: { readonly url: string; readonly tags: readonly string[] },
): boolean {
  switch (by) {
    case 'url':
      return answer.url === value;
    case 'prefix':
      return answer.url.startsWith(value);
    case 'tag':
      return answer.tags.includes(value);
  }
}

/** What is meant by `https://host/path`, `https://host/path*` or a tag; undefined for what can be none of them. */
export function parsePurge(text: string): Pick<Purge, 'by' | 'value'> | undefined {
  if (!/^https?:\/\//i.test(text)) return isTag(text) ? { by: 'tag', value: text } : undefined;
  return text.endsWith('*') ? urlPurge('prefix', text.slice(0, -1)) : urlPurge('url', text);
}

/** Same, of a URL whose kind is known. */
export function urlPurge(
  by: 'url' | 'prefix',
  text: string,
): Pick<Purge, 'by' | 'value'> | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, host, pathname, search } = new URL(text);
  return { by, value: `${protocol}//${host}${pathname}${search}` };
}

/** What Surrogate-Key and Cache-Tag can name: no white space, no commas. */
export function isTag(text: string): boolean {
  return /^[^\s,]+$/.test(text);
}
