/** What the span of a request says. @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span */
import { defaultPort } from '@lb/shared/net/backend-url';
import { USER_AGENT } from '../http1/field-names.ts';
import { clientScheme } from '../request/client-scheme.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Ending } from '../request/finish-exchange.ts';
import type { SpanContent } from './span.ts';

/** The query is left out: it holds secrets too often. */
export function requestSpan(exchange: Exchange, { status, hasFailed }: Ending): SpanContent {
  const { head, method, route, host, connection, body, response, reason } = exchange;
  const name = method === '' ? 'HTTP' : method;
  const scheme = clientScheme(exchange);
  return {
    name: route === undefined ? name : `${name} ${route.name}`,
    hasFailed,
    attributes: {
      'http.request.method': method === '' ? '_OTHER' : method,
      'url.scheme': scheme,
      'url.path': exchange.path,
      'http.route': route?.name,
      'http.response.status_code': status,
      'error.type': hasFailed ? (reason ?? String(status)) : undefined,
      'server.address': present(exchange.hostname),
      'server.port': host === undefined ? undefined : portOf(host, scheme),
      'client.address': present(exchange.clientAddress),
      'network.peer.address': present(connection.peerAddress),
      'network.protocol.version': head === undefined ? undefined : `1.${head.httpMinor}`,
      'user_agent.original': head?.lines.valueOf(USER_AGENT),
      'http.request.body.size': body?.receivedBytes,
      'http.response.body.size': response.bodyBytes,
      'lbctl.request_id': exchange.id,
      'lbctl.listener': exchange.listener.name,
      'lbctl.pool': exchange.pool?.name,
      'lbctl.backend': exchange.backend?.name,
      'lbctl.tries': exchange.tries,
      'lbctl.reason': reason,
    },
  };
}

/** That the client asked for, which need not be the one that it came in on. */
function portOf(host: string, scheme: 'http' | 'https'): number {
  const [, digits] = /:(\d+)$/.exec(host) ?? [];
  return digits === undefined ? defaultPort(scheme === 'https') : Number(digits);
}

function present(text: string): string | undefined {
  return text === '' ? undefined : text;
}
