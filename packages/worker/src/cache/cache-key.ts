/**
 * What an answer is found by: the route, the scheme, Host as it goes to the backend, the normalised path and the query.
 * Security: whatever else of the request can change the answer is in Vary, or the answer is not cached (cache poisoning).
 */
import { clientScheme } from '../request/client-scheme.ts';
import type { Exchange } from '../request/exchange.ts';

/** @param route by name: what chose it, a header say, may have chosen another backend */
export function cacheKey(exchange: Exchange, route: string): string {
  const { head, host = '', path, search } = exchange;
  const key = `${route} ${clientScheme(exchange)}://${host}${path}${search}`;
  return head?.mayIdentify === true ? key + forwardedSuffix(exchange) : key;
}

/** Same, for an address that an answer names. @param rest path and query */
export function keyOf(exchange: Exchange, route: string, rest: string): string {
  return `${route} ${clientScheme(exchange)}://${exchange.host ?? ''}${rest}`;
}

/** What a trusted proxy says of the host it was asked for goes to the backend, which may answer by it. */
function forwardedSuffix(exchange: Exchange): string {
  const { services, connection, head } = exchange;
  if (!services.runtime().trustedProxies.trusts(connection.peerAddress)) return '';
  let suffix = '';
  for (const field of ['x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix']) {
    const value = head?.header(field);
    if (value !== undefined) suffix += `\n${field}: ${value}`;
  }
  const said = head?.header('forwarded')?.match(/\b(?:host|proto)=(?:"[^"]*"|[^;,\s]*)/gi);
  return said === null || said === undefined ? suffix : `${suffix}\nforwarded: ${said.join()}`;
}
