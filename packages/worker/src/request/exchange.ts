/** One request on its way through the worker: everything that is known of it, from its head to its access log line. */
import { type FailureCode, type Reason, reasonOf } from '@lb/shared/errors/reasons';
import type { Backend } from '../balancing/backend.ts';
import type { Caching } from '../cache/caching.ts';
import type { BodySource } from '../compress/compression.ts';
import type { BodyTarget, Compressor } from '../compress/compressor.ts';
import type { PickContext } from '../balancing/policy.ts';
import type { Pool } from '../balancing/pool.ts';
import type { ParseError } from '../http1/parse-error.ts';
import type { ClientConnection } from '../server/http1/client-connection.ts';
import type { ConnectionUser } from '../server/http1/connection-roles.ts';
import type { ClientResponse } from '../server/http1/client-response.ts';
import type { ListenerContext } from '../server/listener-context.ts';
import type { Trace } from '../tracing/trace.ts';
import type { Destination } from './destination.ts';
import { finishExchange } from './finish-exchange.ts';
import { closingReply, type Reply } from './reply.ts';
import { refusedTarget } from './path.ts';
import type { RequestBody } from './request-body.ts';
import type { RequestHead } from './request-head.ts';
import { type KeySource, readKey } from './request-key.ts';
import type { Matchable } from './route-match.ts';
import type { Route } from './route.ts';
import { sendReply } from './send-reply.ts';
import type { Services } from './services.ts';
import { unreadableReply } from './unreadable.ts';
import { failureReply } from './upstream-errors.ts';

/** A request and where it came from. */
export interface Arrival {
  /** undefined for a message that could not be read. */
  readonly head: RequestHead | undefined;
  readonly response: ClientResponse;
  readonly connection: ClientConnection;
  readonly listener: ListenerContext;
}

/** What is found out of a request before it is looked at closer. */
export interface Identity {
  readonly id: string;
  /** Whoever sent it is a trusted proxy: what it says of the client is believed. */
  readonly isFromProxy: boolean;
  /** The client behind trusted proxies; '' on a unix socket. */
  readonly clientAddress: string;
  /** On the monotonic clock. */
  readonly startedMs: number;
}

/** Carries an exchange to a backend, as far as the exchange has to know. */
export interface Carrier {
  /** The client takes more of the answer. */
  resume(): void;
  /** Nobody waits for an answer any more. */
  cancel(): void;
}

export class Exchange implements PickContext, Matchable, ConnectionUser, BodySource {
  readonly head: RequestHead | undefined;
  readonly response: ClientResponse;
  readonly connection: ClientConnection;
  readonly listener: ListenerContext;
  readonly services: Services;
  readonly id: string;
  /** Whoever sent it is a trusted proxy: what it says of the client is believed. */
  readonly isFromProxy: boolean;
  /** The client behind trusted proxies; '' on a unix socket. */
  readonly clientAddress: string;
  /** On the monotonic clock. */
  readonly startedMs: number;
  readonly method: string;
  /** As normalised; as it came when the head was refused. */
  readonly path: string;
  readonly matchPath: string;
  readonly search: string;
  readonly hostname: string;
  readonly host: string | undefined;

  /** undefined while tracing is off. */
  trace: Trace | undefined;
  route: Route | undefined;
  pool: Pool | undefined;
  backend: Backend | undefined;
  /** undefined when the request has none. */
  body: RequestBody | undefined;
  carrier: Carrier | undefined;
  /** Replaced, not changed: nearly all exchanges share the empty one. */
  tried: readonly Backend[] = NOTHING_TRIED;
  tries = 0;
  /** The stale-connection retry is granted once. */
  staleRetryUsed = false;
  connectMs: number | undefined;
  /** From the start to the head of the answer. */
  ttfbMs: number | undefined;
  /** Spent waiting for backends. */
  upstreamMs = 0;
  reason: Reason | undefined;
  /** Field lines, each with its CR LF, that the answer gets on its way to the client. */
  answerLines = '';
  /** It became a tunnel: its end is no client that left. */
  isTunnel = false;
  /** Runs out with the route's `timeout`. */
  timer: NodeJS.Timeout | undefined;
  /** What a cache has to do with what comes from a backend; undefined where none has. */
  caching: Caching | undefined;
  /** Of the body of the answer that has begun; undefined when that goes out as it is. */
  compressor: Compressor | undefined;
  /** Its access line is written. */
  isFinished = false;
  /** It was answered in place of what was to come: the body broke a limit, the time is up. */
  isInterrupted = false;

  constructor(
    arrival: Arrival,
    identity: Identity,
    destination: Destination | undefined,
    services: Services,
  ) {
    const { head } = arrival;
    this.head = head;
    this.response = arrival.response;
    this.connection = arrival.connection;
    this.listener = arrival.listener;
    this.services = services;
    this.id = identity.id;
    this.isFromProxy = identity.isFromProxy;
    this.clientAddress = identity.clientAddress;
    this.startedMs = identity.startedMs;
    this.method = head?.method ?? '';
    const { path, matchPath, search } = destination?.target ?? refusedTarget(head?.target ?? '');
    this.path = path;
    this.matchPath = matchPath;
    this.search = search;
    this.hostname = destination?.hostname ?? '';
    this.host = destination?.host;
  }

  /** All lines of a field, joined by commas; undefined when there is none. @param lower the name in lower case */
  header(lower: string): string | undefined {
    return this.head?.header(lower);
  }

  /** Where the body of the answer goes. */
  get target(): BodyTarget {
    return this.compressor ?? this.response;
  }

  hashKey(source: KeySource): string | undefined {
    return readKey(source, this);
  }

  /** An idempotent request by its method, or by the client's word. @see RFC 9110 section 9.2.2 */
  isRepeatable(methods: readonly string[]): boolean {
    return methods.includes(this.method) || this.header('idempotency-key') !== undefined;
  }

  /** Nobody waits for what is still to be found out. */
  get isOver(): boolean {
    return this.isFinished || this.isInterrupted;
  }

  /** Ends the request with this answer, or cuts it where an answer has begun already. */
  interrupt(reply: Reply): void {
    if (this.isOver) return;
    this.isInterrupted = true;
    this.carrier?.cancel();
    if (this.response.isBegun) this.cut(reply.reason);
    else sendReply(this, reply);
  }

  /** Ends it when so much time has passed; the first time it is said counts. */
  limitTime(ms: number): void {
    this.timer ??= setTimeout(() => this.interrupt(TIME_IS_UP), ms);
  }

  /** A bug of ours: the client gets 500, or a cut where its answer has begun. */
  fail(error: unknown): void {
    const { log } = this.services;
    const traceId = this.trace?.traceId;
    log.error({ err: error, requestId: this.id, traceId }, 'request failed inside the balancer');
    this.caching?.abandon();
    this.carrier?.cancel();
    if (this.response.isBegun) this.cut('internal_error');
    else sendReply(this, FAILED_INSIDE);
  }

  /**
   * Closes the client's connection so that the answer cannot look complete: a missing end of chunked or counted bodies says
   * so itself; where the end of the connection is the end of the body, only a reset does.
   */
  cut(reason: Reason | FailureCode | undefined): void {
    this.reason ??= reason && reasonOf(reason);
    this.compressor?.destroy();
    const { socket } = this.connection;
    if (this.response.endsWithConnection) socket.resetAndDestroy();
    else socket.destroy();
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    this.body?.take(buffer, start, end);
  }

  onBodyEnd(trailers: readonly string[]): void {
    this.body?.finish(trailers);
  }

  /** The body went wrong: what the backend has of it must not look complete. */
  onMalformed(error: ParseError): void {
    this.interrupt(unreadableReply(error));
  }

  onWritable(): void {
    if (this.compressor === undefined) this.carrier?.resume();
    else this.compressor.resume();
  }

  onDrain(): void {
    this.carrier?.resume();
  }

  onCompressFailure(error: Error): void {
    this.fail(error);
  }

  onAnswered(): void {
    finishExchange(this, true);
  }

  onGone(): void {
    this.compressor?.destroy();
    finishExchange(this, this.isTunnel);
  }
}

const NOTHING_TRIED: readonly Backend[] = [];

const TIME_IS_UP = failureReply('response_timeout');
const FAILED_INSIDE = closingReply('internal_error', 'internal error');
