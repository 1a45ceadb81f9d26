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
import type { ProxyServer, ServerOptions } from 'http-proxy-3';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Clock } from '@lb/shared/time/clock';
import type { Backend } from '../balancing/backend.ts';
import type { Forwarder, Try, TryEvents, UpstreamRequest } from './forwarder.ts';
import { fieldsOf, headTextOf } from '../http1/head-text.ts';
import { classifyError } from './classify-error.ts';
import { toHeaderRecord } from './header-record.ts';
import { malformationOf } from './malformed-head.ts';
import { Answer, MAX_HEAD_BYTES } from './http-proxy-3/answer.ts';
import { newProxy } from './http-proxy-3/library.ts';
import { UpstreamBody } from './http-proxy-3/upstream-body.ts';
import { watchAnswer, watchConnect } from './http-proxy-3/watch-connect.ts';

/** Forwards plain HTTP through http-proxy-3. */
export class HttpProxy3Forwarder implements Forwarder {
  readonly #clock: Clock;
  #proxy: ProxyServer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  forward(request: UpstreamRequest, backend: Backend, events: TryEvents): Try {
    this.#proxy ??= webProxy();
    const attempt = new WebTry({ request, backend, events }, this.#clock);
    attempt.start(this.#proxy);
    return attempt;
  }
}

function webProxy(): ProxyServer {
  const proxy = newProxy();
  // Its `deleteLength` pass, which runs before `stream`, turns a chunked DELETE into one with content-length 0.
  proxy.before('web', 'stream', (request) => {
    asTry(request).restoreHeaders();
    return undefined;
  });
  proxy.on('proxyRes', (response, request) => asTry(request).onResponse(response));
  return proxy;
}

function asTry(request: unknown): WebTry {
  if (request instanceof WebTry) return request;
  throw new Error('http-proxy-3 hands back the request it was given');
}

interface TrySetup {
  readonly request: UpstreamRequest;
  readonly backend: Backend;
  readonly events: TryEvents;
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

  connectMs: number | undefined;
  readonly #request: UpstreamRequest;
  readonly #backend: Backend;
  readonly #events: TryEvents;
  readonly #clock: Clock;
  readonly #finalHeaders: Record<string, string | string[]>;
  #isOver = false;
  #isConnected = false;
  #hasAnswerBegun: () => boolean = () => false;
  #upstream: ClientRequest | undefined;
  #answer: Answer | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ request, backend, events }: TrySetup, clock: Clock) {
    this.#request = request;
    this.#backend = backend;
    this.#events = events;
    this.#clock = clock;
    this.method = request.method;
    this.url = request.target;
    this.#finalHeaders = toHeaderRecord(fieldsOf(request.lines), request.body);
  }

  start(proxy: ProxyServer): void {
    const options: ServerOptions = {
      target: this.#backend.target,
      agent: this.#backend.agent,
      selfHandleResponse: true,
      toProxy: true,
      prependPath: false,
      connectTimeout: this.#request.timeouts.connect,
      // The object that http.request's options are built on, so it must be new each time: the library writes into it.
      ssl: { maxHeaderSize: MAX_HEAD_BYTES },
    };
    const request = this as unknown as IncomingMessage;
    const response = neverClosed as unknown as ServerResponse;
    try {
      proxy.web(request, response, options, (error) => this.#onError(error));
    } catch (error) {
      // http.request refuses what no backend may see (a control character that Node's parser let in).
      process.nextTick(() => this.#fail('protocol_error', String(error)));
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
    const watch = { clock: this.#clock, timeoutMs: this.#request.timeouts.connect };
    this.#hasAnswerBegun = watchAnswer(upstream);
    watchConnect(upstream, watch, (connectMs) => {
      this.#isConnected = true;
      if (connectMs === undefined) return;
      this.connectMs = connectMs;
      this.#backend.metrics.connected(connectMs);
    });
    upstream.on('information', ({ statusCode, rawHeaders }) => {
      if (!this.#isOver) this.#events.onInformation(statusCode, headTextOf(rawHeaders));
    });
    upstream.on('upgrade', (_response, socket) => {
      socket.destroy();
      this.#fail('protocol_error', 'the backend switched protocols without being asked');
    });
    // Without an answer it also means that no error was raised.
    upstream.on('close', () => this.#fail('reset', 'the backend closed the connection'));
    this.#timer = setTimeout(
      () => this.#fail('response_timeout', 'no answer in time'),
      this.#request.timeouts.response,
    );
    const body = new UpstreamBody(upstream, this.#request.body, () => this.#onProgress());
    body.start();
    return upstream;
  }

  restoreHeaders(): void {
    this.headers = this.#finalHeaders;
  }

  onResponse(response: IncomingMessage): void {
    const malformation = malformationOf(response);
    if (malformation !== undefined) {
      this.#fail('protocol_error', malformation);
      return;
    }
    if (this.#isOver) return;
    clearTimeout(this.#timer);
    const isHead = this.method === 'HEAD';
    const options = { idleMs: this.#request.timeouts.idle, isHead, clock: this.#clock };
    this.#answer = new Answer(response, this.#events, options, (isWhole) => {
      this.#end();
      // An answer that came before the whole request was sent: the rest is not sent, the connection not used again.
      if (!isWhole || this.#upstream?.writableFinished === false) this.#upstream?.destroy();
    });
    this.#answer.relay();
  }

  resume(): void {
    this.#answer?.resume();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#answer?.drop();
    this.#end();
    this.#upstream?.destroy();
  }

  discard(): void {
    const upstream = this.#upstream;
    if (this.#answer === undefined || upstream?.writableFinished !== true) {
      this.cancel();
      return;
    }
    this.#end();
    this.#answer.discard((isWhole) => {
      if (!isWhole) upstream.destroy();
    });
  }

  #onProgress(): void {
    if (this.#answer !== undefined) this.#answer.keepAlive();
    else this.#timer?.refresh();
  }

  #onError(error: Error): void {
    const { code, detail, isLocal } = classifyError(error, this.#isConnected);
    this.#fail(code, detail, isLocal);
  }

  #fail(code: FailureCode, detail: string, isLocal = false): void {
    if (this.#isOver) return;
    if (this.#answer !== undefined) {
      this.#answer.fail(code, detail);
      return;
    }
    this.#end();
    const reusedConnection = this.#upstream?.reusedSocket === true;
    this.#upstream?.destroy();
    const hasAnswerBegun = this.#hasAnswerBegun();
    this.#events.onFailure({ code, detail, reusedConnection, hasAnswerBegun, isLocal });
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#request.body?.detach();
  }
}

/** Plays the client's response: nothing of it is ever written or closed, so the library never aborts on its own. */
const neverClosed = {
  headersSent: false,
  finished: false,
  writableFinished: true,
  on: () => neverClosed,
};
