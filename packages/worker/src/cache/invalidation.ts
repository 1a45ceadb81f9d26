/** What an unsafe request that succeeds does to what is stored: it is not true any more. @see RFC 9111 section 4.4 */
import type { UpstreamAnswer } from '../forward/forwarder.ts';
import type { Exchange } from '../request/exchange.ts';
import { parseTarget } from '../request/path.ts';
import type { Cache } from './cache.ts';
import { keyOf } from './cache-key.ts';
import type { Caching, CachingVerdict } from './caching.ts';

/** Those that are known to change nothing. @see RFC 9110 section 9.2.1 and the registry of methods */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY']);

export function isUnsafe(method: string): boolean {
  return !SAFE.has(method);
}

export class Invalidation implements Caching {
  readonly outlivesClient = false;
  readonly #cache: Cache;
  readonly #exchange: Exchange;

  constructor(cache: Cache, exchange: Exchange) {
    this.#cache = cache;
    this.#exchange = exchange;
  }

  requestLines(lines: string): string {
    return lines;
  }

  onAnswer({ status, lines }: UpstreamAnswer): CachingVerdict {
    if (status >= 400) return 'pass';
    const { path, search } = this.#exchange;
    this.#forget(path + search);
    for (const field of ['location', 'content-location']) {
      const target = this.#targetOf(lines.named(field));
      if (target !== undefined) this.#forget(target);
    }
    return 'pass';
  }

  onFailure(): boolean {
    return false;
  }

  abandon(): void {
    // Nobody waits for it.
  }

  #forget(target: string): void {
    const exchange = this.#exchange;
    this.#cache.invalidate((route) => keyOf(exchange, route, target));
  }

  /** Path and query of what a field names; undefined for another host, whose answers are not this one's business. */
  #targetOf(reference: string | undefined): string | undefined {
    const { host = '', path } = this.#exchange;
    if (reference === undefined || !URL.canParse(reference, `http://${host}${path}`))
      return undefined;
    const url = new URL(reference, `http://${host}${path}`);
    if (!/^https?:$/.test(url.protocol)) return undefined;
    if (url.host !== new URL(`http://${host}`).host) return undefined;
    const target = parseTarget(url.pathname + url.search);
    return target === undefined ? undefined : target.path + target.search;
  }
}
