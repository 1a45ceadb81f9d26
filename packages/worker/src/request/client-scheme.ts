/** How the client came, behind trusted proxies. */

/** A request, as far as it matters here. */
export interface ForwardedRequest {
  /** Whoever sent it is a trusted proxy: what it says of the client is believed. */
  readonly isFromProxy: boolean;
  /** All lines of a field, joined by commas; undefined when there is none. @param lower its name in lower case */
  header(lower: string): string | undefined;
}

/**
 * The scheme that the client used: what a trusted proxy says of it; from anybody else it is not believed. A list is told by
 * proxies in a row, the client's own first.
 */
export function clientScheme(request: ForwardedRequest): 'http' | 'https' {
  if (!request.isFromProxy) return 'http';
  const [first = ''] = (request.header('x-forwarded-proto') ?? '').split(',');
  return first.trim().toLowerCase() === 'https' ? 'https' : 'http';
}
