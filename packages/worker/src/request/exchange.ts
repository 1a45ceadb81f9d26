/** One request on its way through the worker: everything that is known of it, from its head to its access log line. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FailureCode, Reason } from '@lb/shared/errors/reasons';
import type { Backend } from '../balancing/backend.ts';
import type { PickContext } from '../balancing/policy.ts';
import type { Pool } from '../balancing/pool.ts';
import type { ClientConnection } from '../server/client-connection.ts';
import type { Reply } from './reply.ts';
import type { RequestBody } from './request-body.ts';
import type { RequestHead } from './request-head.ts';
import type { Matchable } from './route-match.ts';
import type { Route } from './route.ts';

/** What the connection and the listener say about a request. */
export interface ExchangeOrigin {
  readonly connection: ClientConnection;
  readonly listener: string;
  readonly id: string;
  readonly clientAddress: string;
  readonly startedMs: number;
}

export class Exchange implements PickContext, Matchable {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: ClientConnection;
  readonly listener: string;
  readonly id: string;
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

  route: Route | undefined;
  pool: Pool | undefined;
  backend: Backend | undefined;
  body: RequestBody | undefined;
  readonly tried: Backend[] = [];
  tries = 0;
  /** The stale-connection retry is granted once. */
  staleRetryUsed = false;
  connectMs: number | undefined;
  /** From the start to the head of the answer. */
  ttfbMs: number | undefined;
  /** Spent waiting for backends. */
  upstreamMs = 0;
  responseBytes = 0;
  reason: Reason | undefined;
  /** Ends the try under way, if any. */
  cancelTry: (() => void) | undefined;
  /** An answer that overtakes what the backend would say: the body broke a limit, the time is up. */
  interruption: Reply | undefined;
  /** The end of the connection is the end of the answer's body: HTTP/1.0 without Content-Length. */
  endsWithConnection = false;
  /** Its answer is out whole, though the response object was not ended. */
  isAnswered = false;
  /** It became a tunnel: its end is no client that left. */
  isTunnel = false;
  /** Its access line is written. */
  isFinished = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    head: RequestHead | undefined,
    origin: ExchangeOrigin,
  ) {
    this.request = request;
    this.response = response;
    this.connection = origin.connection;
    this.listener = origin.listener;
    this.id = origin.id;
    this.clientAddress = origin.clientAddress;
    this.startedMs = origin.startedMs;
    this.method = request.method ?? '';
    this.path = head?.target.path ?? request.url ?? '';
    this.matchPath = head?.target.matchPath ?? '';
    this.search = head?.target.search ?? '';
    this.hostname = head?.hostname ?? '';
    this.host = head?.host;
  }

  get headers(): IncomingMessage['headers'] {
    return this.request.headers;
  }

  /** An idempotent request by its method, or by the client's word. @see RFC 9110 section 9.2.2 */
  isRepeatable(methods: readonly string[]): boolean {
    return methods.includes(this.method) || this.headers['idempotency-key'] !== undefined;
  }

  /** Ends the request with this answer, or cuts it where an answer has begun already. */
  interrupt(reply: Reply): void {
    if (this.isFinished || this.interruption !== undefined) return;
    this.interruption = reply;
    if (this.response.headersSent) this.cut(reply.reason);
    this.cancelTry?.();
  }

  /**
   * Closes the client's connection so that the answer cannot look complete: a missing end of chunked or counted bodies says
   * so itself; where the end of the connection is the end of the body, only a reset does.
   */
  cut(reason: Reason | FailureCode | undefined): void {
    this.reason ??= reason === 'connect_timeout' ? 'connect_failed' : reason;
    const { socket } = this.response;
    if (this.endsWithConnection) socket?.resetAndDestroy();
    else socket?.destroy();
    this.response.destroy();
  }
}
