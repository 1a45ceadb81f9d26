/** The two ends of every exchange: how it is made from a head, and how it is counted and logged, exactly once. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientConnection } from '../server/client-connection.ts';
import type { ListenerContext } from '../server/listener-context.ts';
import { Exchange } from './exchange.ts';
import { isAcceptableId } from './request-id.ts';
import { isRefused, readHead, type RefusedHead } from './request-head.ts';
import type { Services } from './services.ts';

/** A request and where it came from. */
export interface Origin {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: ClientConnection;
  readonly listener: ListenerContext;
}

/** An exchange; one whose head must be refused comes with the refusal. */
export interface Begun {
  readonly exchange: Exchange;
  readonly refused: RefusedHead | undefined;
}

/** Makes the exchange and sees to it that it is finished when its response closes. */
export function beginExchange(
  { request, response, connection, listener }: Origin,
  services: Services,
): Begun {
  const { trustedProxies, requestIdHeader } = services.runtime();
  const peer = connection.peerAddress;
  const isTrusted = trustedProxies.trusts(peer);
  const given = isTrusted ? request.headers[requestIdHeader.toLowerCase()] : undefined;
  const head = readHead(request, listener.limits.maxHeaders);
  const exchange = new Exchange(request, response, isRefused(head) ? undefined : head, {
    connection,
    listener: listener.name,
    id: typeof given === 'string' && isAcceptableId(given) ? given : services.requestIds.next(),
    clientAddress: isTrusted
      ? trustedProxies.clientBehind(peer, String(request.headers['x-forwarded-for'] ?? ''))
      : peer,
    startedMs: services.clock.monotonicMs(),
  });
  connection.begin(exchange);
  services.cells.add(listener.metrics.inFlight, 1);
  response.on('error', () => undefined);
  response.once('close', () => finishExchange(exchange, listener, services));
  return { exchange, refused: isRefused(head) ? head : undefined };
}

/** Metrics and the access line. Runs on the `close` of the response, which comes after every end; a second call does nothing. */
export function finishExchange(
  exchange: Exchange,
  listener: ListenerContext,
  services: Services,
): void {
  if (exchange.isFinished) return;
  exchange.isFinished = true;
  const { response, route } = exchange;
  const isWhole = response.writableFinished || exchange.isAnswered || exchange.isTunnel;
  if (!isWhole) exchange.reason ??= 'client_closed';
  exchange.body?.stop();
  exchange.cancelTry?.();
  const totalMs = services.clock.monotonicMs() - exchange.startedMs;
  const status = exchange.reason === 'client_closed' ? 499 : response.statusCode;
  services.accessLog.write(exchange, { status, totalMs });
  (route?.metrics ?? services.noRoute).finished({
    listener: exchange.listener,
    method: exchange.method,
    status,
    totalMs,
    upstreamMs: exchange.upstreamMs,
    requestBytes: exchange.body?.receivedBytes ?? 0,
    responseBytes: exchange.responseBytes,
  });
  services.cells.add(listener.metrics.inFlight, -1);
  exchange.connection.end(exchange);
}
