/** What tells clients, sessions and things apart: a piece of the request, as `hashOn`, `rateLimits.*.key` and `sticky.key` name it. */
import type { Exchange } from './exchange.ts';
import { readCookie } from './cookie.ts';

/** Where the piece stands. Names of headers in lower case. */
export type KeySource =
  | { readonly kind: 'client_ip' | 'path' | 'host' }
  | { readonly kind: 'header' | 'cookie' | 'query'; readonly name: string };

/** A request, as far as it matters here. */
export type KeyedRequest = Pick<
  Exchange,
  'clientAddress' | 'path' | 'hostname' | 'search' | 'header'
>;

/** Reads `client_ip`, `path`, `host`, `header:NAME`, `cookie:NAME` or `query:NAME`; undefined for anything else. */
export function parseKeySource(text: string): KeySource | undefined {
  const [kind, name] = text.split(/:(.*)/s);
  switch (kind) {
    case 'client_ip':
    case 'path':
    case 'host':
      return name === undefined ? { kind } : undefined;
    case 'header':
      return name ? { kind, name: name.toLowerCase() } : undefined;
    case 'cookie':
    case 'query':
      return name ? { kind, name } : undefined;
    default:
      return undefined;
  }
}

/** The piece; undefined when the request has none. The client's address is '' on a unix socket. */
export function readKey(source: KeySource, request: KeyedRequest): string | undefined {
  switch (source.kind) {
    case 'client_ip':
      return request.clientAddress;
    case 'path':
      return request.path;
    case 'host':
      return request.hostname;
    case 'header':
      return request.header(source.name);
    case 'cookie':
      return readCookie(request.header('cookie'), source.name);
    case 'query':
      return new URLSearchParams(request.search).get(source.name) ?? undefined;
  }
}
