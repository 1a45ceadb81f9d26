/**
 * Where shared answers are in Redis.
 *
 *     <prefix>c:<cache> <route> <url>   hash: the answers of an address, and leases; see scripts/ask-answer.ts
 *     <prefix>ct:<cache> <tag>          sorted set: addresses with this tag
 *     <prefix>{purges}                  stream: what is to be purged, for the workers of all instances
 *     <prefix>{purges}:seen             hash: up to where each instance has done so
 */

export class AnswerKeys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get purges(): string {
    return `${this.#prefix}{purges}`;
  }

  get seen(): string {
    return `${this.#prefix}{purges}:seen`;
  }

  /** @param address as addressOf makes it */
  answer(address: string): string {
    return `${this.#prefix}c:${address}`;
  }

  tag(cache: string, tag: string): string {
    return `${this.#prefix}ct:${cache} ${tag}`;
  }

  /** Pattern of the answers whose URL begins so; `null` for any cache. */
  pattern(cache: string | null, urlPrefix: string): string {
    return `${escaped(`${this.#prefix}c:`)}${cache === null ? '*' : escaped(cache)} * ${escaped(urlPrefix)}*`;
  }

  /** What `answer` was made of. */
  addressOf(key: string): string {
    return key.slice(this.#prefix.length + 2);
  }
}

/** An address: of one cache, of one route. Neither has spaces in its name. */
export function addressOf(cache: string, route: string, url: string): string {
  return `${cache} ${route} ${url}`;
}

/** The URL of an address, or of a key of a cache, which is the same without the cache. */
export function urlOf(address: string): string {
  return address.slice(address.lastIndexOf(' ') + 1);
}

/** @see https://redis.io/docs/latest/commands/keys */
function escaped(text: string): string {
  return text.replaceAll(/[\\*?[\]]/g, '\\$&');
}
