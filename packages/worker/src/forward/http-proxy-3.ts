/**
 * The http-proxy-3 engine. The library never sees the client's request or response: it is driven through a façade that
 * has just what it touches, so that what it would get wrong cannot reach it.
 *
 *     WebTry ─ façade request ─▶ proxy.web() ─▶ http.request ─▶ backend
 *        ▲                                          │
 *        └──── pipe(), response, error, abort ◀─────┘      all of them ours
 *
 * What it does wrong and what keeps it from happening is listed in docs/decisions/0002-http-proxy-3-facade.md.
 */
import { ProxyServer, type ServerOptions } from 'http-proxy-3';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Clock } from '@lb/shared/time/clock';
import type { Backend } from '../balancing/backend.ts';
import type { Forwarder, Outcome, ResponseSink, Try, UpstreamRequest } from './forwarder.ts';
import { classifyError } from './classify-error.ts';
import { toHeaderRecord } from './header-record.ts';
import { malformationOf } from './malformed-head.ts';
import { UpstreamBody } from './http-proxy-3/upstream-body.ts';
import { watchConnect } from './http-proxy-3/watch-connect.ts';

/** Longest response head, else the answer is malformed. */
const MAX_RESPONSE_HEAD_BYTES = 64 * 1024;

/** Forwards plain HTTP through http-proxy-3. */
export class HttpProxy3Forwarder implements Forwarder {
  readonly #clock: Clock;
  readonly #proxy: Proxy = new ProxyServer({});

  constructor(clock: Clock) {
    this.#clock = clock;
    // Its `deleteLength` pass, which runs before `stream`, turns a chunked DELETE into one with content-length 0.
    this.#proxy.before('web', 'stream', (request) => {
      asTry(request).restoreHeaders();
      return undefined;
    });
    // Every call brings its own callback; the library throws errors that find no listener at all.
    this.#proxy.on('error', () => undefined);
    this.#proxy.on('proxyRes', (response, request) => asTry(request).onResponse(response));
  }

  forward(request: UpstreamRequest, backend: Backend): Try {
    const attempt = new WebTry(request, backend, this.#clock);
    attempt.start(this.#proxy);
    return attempt;
  }
}

type Proxy = ProxyServer<typeof IncomingMessage, typeof ServerResponse, Error>;

function asTry(request: unknown): WebTry {
  if (request instanceof WebTry) return request;
  throw new Error('http-proxy-3 hands back the request it was given');
}

/** One try; towards http-proxy-3 it plays the incoming request. */
class WebTry implements Try {
  // What http-proxy-3 reads of a request.
  readonly method: string;
  readonly url: string;
  headers: Record<string, string | string[]> = {};
  readonly httpVersionMajor = 1;
  readonly socket = { destroyed: false };
  readonly connection = this.socket;

  readonly outcome: Promise<Outcome>;
  connectMs: number | undefined;
  readonly #request: UpstreamRequest;
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #finalHeaders: Record<string, string | string[]>;
  #settle: (outcome: Outcome) => void = () => undefined;
  #isSettled = false;
  #isOver = false;
  #isConnected = false;
  #upstream: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #sink: ResponseSink | undefined;
  #timer: NodeJS.Timeout | undefined;
  #onTimer: 'response' | 'idle' = 'response';

  constructor(request: UpstreamRequest, backend: Backend, clock: Clock) {
    this.#request = request;
    this.#backend = backend;
    this.#clock = clock;
    this.method = request.method;
    this.url = request.target;
    this.#finalHeaders = toHeaderRecord(request.headers, request.body);
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  start(proxy: Proxy): void {
    const options: ServerOptions = {
      target: this.#backend.target,
      agent: this.#backend.agent,
      selfHandleResponse: true,
      toProxy: true,
      prependPath: false,
      connectTimeout: this.#request.timeouts.connectMs,
      // The object that http.request's options are built on, so it must be new each time: the library writes into it.
      ssl: { maxHeaderSize: MAX_RESPONSE_HEAD_BYTES },
    };
    const request = this as unknown as IncomingMessage;
    const response = neverClosed as unknown as ServerResponse;
    try {
      proxy.web(request, response, options, (error) => this.#onError(error));
    } catch (error) {
      // http.request refuses what no backend may see (a control character that Node's parser let in).
      this.#fail('protocol_error', String(error));
    }
  }

  /** http-proxy-3 listens for errors of the client's request; those are the exchange's, which cancels. */
  on(): this {
    return this;
  }

  /** Called by http-proxy-3 with the request it made, instead of the client's body. */
  pipe(upstream: ClientRequest): ClientRequest {
    this.#upstream = upstream;
    upstream.path = this.#request.target;
    watchConnect(upstream, this.#clock, (connectMs) => {
      this.#isConnected = true;
      if (connectMs === undefined) return;
      this.connectMs = connectMs;
      this.#backend.metrics.connected(connectMs);
    });
    upstream.on('information', ({ statusCode, rawHeaders }) => {
      if (!this.#isOver) this.#request.onInformation(statusCode, rawHeaders);
    });
    upstream.on('upgrade', (_response, socket) => {
      socket.destroy();
      this.#fail('protocol_error', 'the backend switched protocols without being asked');
    });
    upstream.on('close', () => this.#onClose());
    this.#startTimer('response', this.#request.timeouts.responseMs);
    const body = new UpstreamBody(upstream, this.#request, () => this.#timer?.refresh());
    body.start();
    return upstream;
  }

  restoreHeaders(): void {
    this.headers = this.#finalHeaders;
  }

  onResponse(response: IncomingMessage): void {
    const malformation = malformationOf(response);
    if (this.#isOver || malformation !== undefined) {
      this.#fail('protocol_error', malformation ?? 'the try is over');
      return;
    }
    this.#response = response;
    clearTimeout(this.#timer);
    response.on('error', () => undefined);
    response.once('close', () => this.#onResponseClose(response));
    this.#settleOnce({
      kind: 'response',
      response: {
        status: response.statusCode ?? 0,
        statusMessage: response.statusMessage ?? '',
        headers: response.rawHeaders,
        relay: (sink) => this.#relay(response, sink),
        resume: () => {
          this.#timer?.refresh();
          response.resume();
        },
      },
    });
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#end();
    this.#settleOnce({ kind: 'cancelled' });
    this.#upstream?.destroy();
  }

  #relay(response: IncomingMessage, sink: ResponseSink): void {
    this.#sink = sink;
    this.#startTimer('idle', this.#request.timeouts.idleMs);
    response.on('data', (chunk: Buffer) => {
      if (this.#isOver) return;
      this.#timer?.refresh();
      if (!sink.data(chunk)) response.pause();
    });
    response.once('end', () => {
      if (this.#isOver || !response.complete) return;
      this.#end();
      sink.end(response.rawTrailers);
      // An answer that came before the whole request was sent: the rest is not sent, the connection not used again.
      if (this.#upstream?.writableFinished === false) this.#upstream.destroy();
    });
  }

  #onResponseClose(response: IncomingMessage): void {
    if (!response.complete)
      this.#fail('reset', 'the backend closed the connection in the middle of its answer');
  }

  /** The request is gone: without a response that means that no error was raised either. */
  #onClose(): void {
    if (this.#response === undefined) this.#fail('reset', 'the backend closed the connection');
  }

  #onError(error: Error): void {
    const { code, isLocal } = classifyError(error, this.#isConnected);
    this.#fail(code, error.message, isLocal);
  }

  #startTimer(kind: 'response' | 'idle', ms: number): void {
    clearTimeout(this.#timer);
    this.#onTimer = kind;
    this.#timer = setTimeout(() => this.#onTimeout(), ms);
  }

  #onTimeout(): void {
    // While the client is slow to take the answer, the backend is not to blame.
    if (this.#onTimer === 'idle' && this.#response?.isPaused() === true) {
      this.#timer?.refresh();
      return;
    }
    this.#fail(
      'response_timeout',
      this.#onTimer === 'idle' ? 'the answer stopped half-way' : 'no answer in time',
    );
  }

  #fail(code: FailureCode, detail: string, isLocal = false): void {
    if (this.#isOver) return;
    this.#end();
    const reusedConnection = this.#upstream?.reusedSocket === true;
    this.#settleOnce({ kind: 'failure', code, detail, reusedConnection, isLocal });
    this.#sink?.fail(code, detail);
    this.#upstream?.destroy();
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#request.body.detach();
  }

  #settleOnce(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settle(outcome);
  }
}

/** Plays the client's response: nothing of it is ever written or closed, so the library never aborts on its own. */
const neverClosed = {
  headersSent: false,
  finished: false,
  writableFinished: true,
  on: () => neverClosed,
};
