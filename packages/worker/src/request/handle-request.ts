/**
 * The life of a request, top to bottom.
 *
 *     head ──▶ route ──▶ stages ──▶ tries ──▶ relay ──▶ metrics and one access line
 *       │400     │404      │403       │502 503 504
 *       └────────┴─────────┴──────────┴──▶ reply
 */
import { admit, type ForwardingRoute, refusalReply } from './admission.ts';
import type { Exchange } from './exchange.ts';
import { beginExchange, type Origin } from './exchange-lifecycle.ts';
import { relayResponse } from './relay-response.ts';
import { type Reply, closingReply } from './reply.ts';
import { type BodyFailure, RequestBody } from './request-body.ts';
import { maxBodyBytes } from './route.ts';
import { sendReply } from './send-reply.ts';
import type { Services } from './services.ts';
import { tryBackends } from './try-backends.ts';
import { failureReply } from './upstream-errors.ts';

/** What node:http hands over, and where it came from. */
export interface Arrival extends Origin {
  /** The client waits for `100 Continue` before it sends its body. */
  readonly expectsContinue: boolean;
}

/** Answers one request, whatever happens. Never rejects. */
export async function handleRequest(arrival: Arrival, services: Services): Promise<void> {
  const { request, response, connection, listener } = arrival;
  const most = listener.limits.maxRequestsPerConnection;
  // What follows on a connection that was given up is not a request any more (RFC 9112 section 9.6).
  if (connection.isClosing || connection.isWornOut(most)) {
    request.resume();
    return;
  }
  const { exchange, refused } = beginExchange(arrival, services);
  // Node's own limit says that it closes, does not, and answers the next request with a bare 503.
  if (connection.isWornOut(most)) response.shouldKeepAlive = false;
  if (refused !== undefined) {
    sendReply(exchange, refusalReply(refused), services);
    return;
  }
  try {
    const admission = await admit(exchange, services);
    // A body that was malformed in the packet of its head has interrupted the exchange by now, before any try.
    const reply =
      exchange.interruption ??
      ('reply' in admission
        ? admission.reply
        : await forward(exchange, admission.route, arrival, services));
    if (reply !== undefined) sendReply(exchange, reply, services);
  } catch (error) {
    failInside(exchange, error, services);
  }
}

/** A bug of ours, or an answer that cannot be written: the client gets 500, or a cut where its answer has begun. */
export function failInside(exchange: Exchange, error: unknown, services: Services): void {
  services.log.error({ err: error, requestId: exchange.id }, 'request failed inside the balancer');
  exchange.cancelTry?.();
  if (exchange.response.headersSent) exchange.cut('internal_error');
  else sendReply(exchange, closingReply('internal_error', 'internal error'), services);
}

async function forward(
  exchange: Exchange,
  route: ForwardingRoute,
  arrival: Arrival,
  services: Services,
): Promise<Reply | undefined> {
  const pool = route.action.choosePool();
  exchange.pool = pool;
  const body = takeBody(exchange, route, arrival, services);
  if (body.isAnnouncedTooLarge) return TOO_LARGE;
  if (arrival.expectsContinue) exchange.response.writeContinue();
  if (route.timeoutMs > 0) limitTime(exchange, route.timeoutMs);
  const outcome = await tryBackends({ exchange, route, pool, body, services });
  if (exchange.interruption !== undefined) return exchange.interruption;
  if ('reply' in outcome) return outcome.reply;
  if ('answer' in outcome) relayResponse(exchange, outcome.answer, outcome.onEnd);
  return undefined;
}

/** The body is kept for another try only where the request may have one. */
function takeBody(
  exchange: Exchange,
  route: ForwardingRoute,
  { request, listener }: Arrival,
  services: Services,
): RequestBody {
  const { limits } = listener;
  const { retries } = exchange.pool?.config ?? {};
  const bodyLimits = {
    maxBytes: maxBodyBytes(route, limits),
    idleMs: limits.bodyIdleTimeout,
    minBytesPerSecond: limits.bodyMinRate,
    bufferBytes:
      retries !== undefined && exchange.isRepeatable(retries.methods) ? retries.bufferBody : 0,
  };
  const body = new RequestBody(request, bodyLimits, services.clock, (failure) =>
    onBodyFailure(exchange, failure),
  );
  exchange.body = body;
  return body;
}

/** A client that left in the middle of its body is seen by the response's `close`; the other two get an answer. */
function onBodyFailure(exchange: Exchange, failure: BodyFailure): void {
  if (failure === 'body_too_large') exchange.interrupt(TOO_LARGE);
  if (failure === 'request_timeout') exchange.interrupt(TOO_SLOW);
}

function limitTime(exchange: Exchange, ms: number): void {
  const timer = setTimeout(() => exchange.interrupt(TIME_IS_UP), ms);
  exchange.response.once('close', () => clearTimeout(timer));
}

const TOO_LARGE = closingReply('body_too_large', 'the request body is too large');
const TOO_SLOW = closingReply('request_timeout', 'the request body came too slowly');
const TIME_IS_UP = failureReply('response_timeout');
