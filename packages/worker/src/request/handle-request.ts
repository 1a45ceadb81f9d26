/**
 * The life of a request, top to bottom. Everything is a plain call; only a stage that has to wait makes the rest wait.
 *
 *     head ──▶ route ──▶ stages ──▶ passage to a backend and back ──▶ metrics and one access line
 *       │400     │404      │403       │502 503 504
 *       └────────┴─────────┴──────────┴──▶ reply
 */
import type { Pool } from '../balancing/pool.ts';
import {
  type Admission,
  admit,
  type ForwardingRoute,
  METHOD_NOT_ALLOWED,
  refusalReply,
} from './admission.ts';
import { beginExchange } from './begin-exchange.ts';
import type { Arrival, Exchange } from './exchange.ts';
import { HedgedPassage } from './hedged-passage.ts';
import { Passage } from './passage.ts';
import { type Reply, closingReply, errorReply } from './reply.ts';
import { type BodyFailure, RequestBody } from './request-body.ts';
import type { RequestHead } from './request-head.ts';
import { maxBodyBytes } from './route.ts';
import { sendReply } from './send-reply.ts';
import type { Services } from './services.ts';
import { takesUpgrade, TunnelPassage } from './tunnel-passage.ts';

/** A request whose head could be read. */
export interface RequestArrival extends Arrival {
  readonly head: RequestHead;
}

/** Answers one request, whatever happens. */
export function handleRequest(arrival: RequestArrival, services: Services): void {
  const { head, connection } = arrival;
  const { exchange, refused } = beginExchange(arrival, services);
  try {
    const reply = refusalOf(head, refused === undefined ? undefined : refusalReply(refused));
    if (reply !== undefined) {
      sendReply(exchange, reply);
      return;
    }
    const isUpgrade = takesUpgrade(head);
    // Bytes behind an upgrade were meant for a tunnel: where there is none they are never read as a request.
    if (isUpgrade) connection.isEnding = true;
    if (head.announcesBody) exchange.body = bodyOf(exchange, head);
    const admission = admit(exchange);
    if (admission instanceof Promise) {
      admission.then(
        (admitted) => proceed(exchange, admitted, isUpgrade),
        (error: unknown) => exchange.fail(error),
      );
    } else {
      proceed(exchange, admission, isUpgrade);
    }
  } catch (error) {
    exchange.fail(error);
  }
}

/** Answers what could not be read as a request. */
export function handleUnreadable(arrival: Arrival, reply: Reply, services: Services): void {
  sendReply(beginExchange(arrival, services).exchange, reply);
}

/** What is answered without a look at the routes. */
function refusalOf(head: RequestHead, refused: Reply | undefined): Reply | undefined {
  if (head.method === 'CONNECT') return CONNECT_REFUSED;
  if (refused !== undefined) return refused;
  const isKnown = head.expect === undefined || head.expect.toLowerCase() === '100-continue';
  return isKnown ? undefined : EXPECTATION_FAILED;
}

function proceed(exchange: Exchange, admission: Admission, isUpgrade: boolean): void {
  // While a stage was waiting the client may have left, or its body gone wrong.
  if (exchange.isOver) return;
  if (admission === 'answered') return;
  if ('reply' in admission) {
    sendReply(exchange, admission.reply);
    return;
  }
  const { route } = admission;
  const pool = route.action.choosePool(exchange);
  exchange.pool = pool;
  if (isUpgrade) new TunnelPassage(exchange, route, pool).next();
  else forward(exchange, route, pool);
}

function forward(exchange: Exchange, route: ForwardingRoute, pool: Pool): void {
  const { body, head, response } = exchange;
  if (body !== undefined) {
    limitBody(body, exchange, route, pool);
    if (body.isTooLarge) {
      sendReply(exchange, TOO_LARGE);
      return;
    }
    if (head?.expect !== undefined && !body.isEmpty) response.inform(100, '');
  }
  if (route.timeoutMs > 0) exchange.limitTime(route.timeoutMs);
  route.mirror?.copy(exchange, route);
  newPassage(exchange, route, pool).next();
}

function newPassage(exchange: Exchange, route: ForwardingRoute, pool: Pool): Passage {
  const { hedging } = pool.secondTries;
  return hedging?.covers(exchange.method) === true
    ? new HedgedPassage(exchange, route, pool, hedging)
    : new Passage(exchange, route, pool);
}

function bodyOf(exchange: Exchange, head: RequestHead): RequestBody {
  const length = head.isChunked ? undefined : (head.contentLength ?? 0);
  const { connection, services } = exchange;
  return new RequestBody(connection, length, services.clock, (failure) =>
    onBodyFailure(exchange, failure),
  );
}

/** The body is kept for another try only where the request may have one. */
function limitBody(
  body: RequestBody,
  exchange: Exchange,
  route: ForwardingRoute,
  { config: { retries } }: Pool,
): void {
  const { limits } = exchange.listener;
  body.limit({
    maxBytes: maxBodyBytes(route, limits),
    idleMs: limits.bodyIdleTimeout,
    minBytesPerSecond: limits.bodyMinRate,
    bufferBytes: exchange.isRepeatable(retries.methods) ? retries.bufferBody : 0,
  });
}

function onBodyFailure(exchange: Exchange, failure: BodyFailure): void {
  exchange.interrupt(failure === 'body_too_large' ? TOO_LARGE : TOO_SLOW);
}

const CONNECT_REFUSED: Reply = { ...METHOD_NOT_ALLOWED, closes: true };
const EXPECTATION_FAILED = errorReply(
  'expectation_failed',
  'only "Expect: 100-continue" is understood',
);
const TOO_LARGE = closingReply('body_too_large', 'the request body is too large');
const TOO_SLOW = closingReply('request_timeout', 'the request body came too slowly');
