/** How the client came, behind trusted proxies. */
import type { Exchange } from './exchange.ts';

/**
 * The scheme that the client used: what a trusted proxy says of it; from anybody else it is not believed. A list is told by
 * proxies in a row, the client's own first.
 */
export function clientScheme(exchange: Exchange): 'http' | 'https' {
  const { services, connection } = exchange;
  if (!services.runtime().trustedProxies.trusts(connection.peerAddress)) return 'http';
  const [first = ''] = (exchange.header('x-forwarded-proto') ?? '').split(',');
  return first.trim().toLowerCase() === 'https' ? 'https' : 'http';
}
