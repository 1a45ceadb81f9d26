/**
 * The way of a request to a backend and of its answer back: pick, try, and again while that is allowed; then the answer goes
 * to the client as it comes.
 *
 *     next ──▶ pick ──▶ a try ──┬─ onAnswer ─ onBody* ─ onEnd │ onCut
 *       ▲                       └─ onFailure ──▶ may be tried again?
 *       └───────────────────────────────────────── yes ─┘└─ no ──▶ reply
 */
import { type FailureCode, FAILURES } from '@lb/shared/errors/reasons';
import type { Backend } from '../balancing/backend.ts';
import type { Pool } from '../balancing/pool.ts';
import type { Failure, Try, TryEvents, UpstreamAnswer } from '../forward/forwarder.ts';
import { decideRetry } from '../forward/retry.ts';
import type { HeadText } from '../http1/head-text.ts';
import type { ForwardingRoute } from './admission.ts';
import { beginAnswer } from './begin-answer.ts';
import type { Carrier, Exchange } from './exchange.ts';
import { forwardableTrailers } from './hop-by-hop.ts';
import { responseLines } from './response-lines.ts';
import { sendReply } from './send-reply.ts';
import { failureReply, noBackendReply } from './upstream-errors.ts';
import { upstreamRequest } from './upstream-request.ts';

export class Passage implements Carrier, TryEvents {
  readonly exchange: Exchange;
  readonly route: ForwardingRoute;
  readonly pool: Pool;
  #backend: Backend | undefined;
  #try: Try | undefined;
  #startedMs = 0;
  #attemptsUsed = 0;
  #lastFailure: Failure | undefined;

  constructor(exchange: Exchange, route: ForwardingRoute, pool: Pool) {
    this.exchange = exchange;
    this.route = route;
    this.pool = pool;
    exchange.carrier = this;
  }

  /** Makes a try on the next backend, or answers when there is none. */
  next(): void {
    const { exchange, pool } = this;
    const backend = pool.pick(exchange);
    if (backend === undefined) {
      const last = this.#lastFailure;
      if (last !== undefined) pool.metrics.retryRefused('no_backend');
      sendReply(exchange, last === undefined ? noBackendReply() : failureReply(last.code));
      return;
    }
    this.#startedMs = exchange.tries === 0 ? exchange.startedMs : this.#nowMs();
    this.#backend = backend;
    exchange.backend = backend;
    exchange.tries++;
    backend.begin();
    this.#try = this.startTry(backend);
  }

  /** Begins a try; its events do not come before it has returned. */
  protected startTry(backend: Backend): Try {
    const { forwarders } = this.exchange.services;
    const request = upstreamRequest(this, backend, this.#startedMs);
    return forwarders[this.pool.config.engine].forward(request, backend, this);
  }

  resume(): void {
    this.#try?.resume();
  }

  cancel(): void {
    if (this.#backend === undefined) return;
    this.#try?.cancel();
    this.endTry();
  }

  /** Passes on an interim answer, but 100, which is the balancer's own business. @see RFC 9110 section 15.2 */
  onInformation(status: number, lines: HeadText): void {
    if (status === 100) return;
    this.exchange.response.inform(status, responseLines(lines, true, false).text);
  }

  onAnswer(answer: UpstreamAnswer, nowMs: number): void {
    const { exchange } = this;
    this.answered(answer.status, nowMs);
    exchange.body?.forget();
    try {
      beginAnswer(exchange, this.route, answer);
    } catch (error) {
      exchange.fail(error);
    }
  }

  onBody(buffer: Buffer, start: number, end: number): boolean {
    return this.exchange.response.write(buffer, start, end);
  }

  onFlush(): void {
    this.exchange.response.flush();
  }

  onEnd(trailers: readonly string[], nowMs: number): void {
    const { response, body } = this.exchange;
    this.endTry(nowMs);
    // The answer may be out before the request is in: nobody wants the rest.
    body?.stop();
    response.end(trailers.length === 0 ? trailers : forwardableTrailers(trailers));
  }

  onCut(code: FailureCode): void {
    this.endTry();
    this.exchange.cut(code);
  }

  onFailure(failure: Failure): void {
    const { exchange, pool } = this;
    this.endTry();
    this.#record(failure);
    // The failure and the end of the client may cross: nobody waits for another try.
    if (exchange.isOver) return;
    const decision = decideRetry(failure, exchange, pool.config.retries, this.#attemptsUsed);
    if (!decision.retry) {
      pool.metrics.retryRefused(decision.refusal);
      sendReply(exchange, failureReply(failure.code));
      return;
    }
    this.#lastFailure = failure;
    if (decision.reason === 'stale') {
      exchange.staleRetryUsed = true;
    } else {
      this.#attemptsUsed++;
      if (exchange.backend !== undefined) exchange.tried = [...exchange.tried, exchange.backend];
    }
    pool.metrics.retried(decision.reason);
    this.next();
  }

  /** The head of an answer came; the backend stays busy until the try ends. */
  protected answered(status: number, nowMs: number): void {
    const { exchange } = this;
    exchange.connectMs = this.#try?.connectMs;
    exchange.ttfbMs = nowMs - exchange.startedMs;
    this.#backend?.answered(status, nowMs - this.#startedMs, nowMs);
  }

  /** The backend is not busy with it any more. A second call does nothing. */
  protected endTry(nowMs: number = this.#nowMs()): void {
    const backend = this.#backend;
    if (backend === undefined) return;
    this.exchange.connectMs = this.#try?.connectMs;
    this.#backend = undefined;
    this.#try = undefined;
    this.exchange.upstreamMs += nowMs - this.#startedMs;
    backend.end();
  }

  /**
   * A backend that cannot be connected to is out at once; what this machine lacks is not its fault. One whose TLS fails can no
   * more take a request than one that refuses connections, and its probes go through the same handshake.
   */
  #record(failure: Failure): void {
    const { backend, services } = this.exchange;
    if (backend === undefined) return;
    if (failure.isLocal) {
      services.shortages.report(backend, failure.detail);
      return;
    }
    backend.metrics.failed(failure.code);
    const { metric } = FAILURES[failure.code];
    if (metric === 'connect' || (metric === 'tls' && !failure.reusedConnection)) {
      services.reportUnreachable(backend, failure.detail);
    }
  }

  #nowMs(): number {
    return this.exchange.services.clock.monotonicMs();
  }
}
