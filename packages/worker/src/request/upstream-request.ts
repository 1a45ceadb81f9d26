/** A request as one backend gets it. */
import type { Backend } from '../balancing/backend.ts';
import type { UpstreamRequest } from '../forward/forwarder.ts';
import type { Passage } from './passage.ts';
import { relayInformation } from './relay-response.ts';
import { requestHeaders } from './request-headers.ts';

export function upstreamRequest(passage: Passage, backend: Backend): UpstreamRequest {
  const { exchange, route, pool, body, services } = passage;
  const { requestIdHeader, trustedProxies } = services.runtime();
  const { connection } = exchange;
  const identity = {
    clientAddress: exchange.clientAddress,
    peerAddress: connection.peerAddress,
    peerIsTrusted: trustedProxies.trusts(connection.peerAddress),
    scheme: 'http',
    port: connection.localPort,
    host: exchange.host,
    requestId: exchange.id,
    requestIdHeader,
  } as const;
  const hostSent = route.hostSent ?? exchange.host ?? backend.authority;
  const headers = requestHeaders(exchange.request, identity, hostSent);
  route.editRequest?.(headers);
  const { connect, response, idle } = pool.config.timeouts;
  return {
    method: exchange.method,
    target: (route.rewrite?.(exchange.path) ?? exchange.path) + exchange.search,
    headers,
    body,
    timeouts: { connectMs: connect, responseMs: response, idleMs: idle },
    onInformation: (status, raw) => relayInformation(exchange, status, raw),
  };
}
