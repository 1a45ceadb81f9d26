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
import type { Visit } from '../balancing/sticky/sticky.ts';
import type { Failure, Try, TryEvents, UpstreamAnswer } from '../forward/forwarder.ts';
import { decideRetry } from '../forward/retry.ts';
import type { HeadText } from '../http1/head-text.ts';
import type { ForwardingRoute } from './admission.ts';
import { beginAnswer } from './begin-answer.ts';
import type { Carrier, Exchange } from './exchange.ts';
import { HeldAnswer } from './held-answer.ts';
import { forwardableTrailers } from './hop-by-hop.ts';
import { responseLines } from './response-lines.ts';
import { RoomWait, type Seeker } from './room-wait.ts';
import { sendReply } from './send-reply.ts';
import { failureReply, type NoBackendReason, noBackendReply } from './upstream-errors.ts';
import { upstreamRequest } from './upstream-request.ts';

export class Passage implements Carrier, TryEvents, Seeker {
  readonly exchange: Exchange;
  readonly route: ForwardingRoute;
  readonly pool: Pool;
  #backend: Backend | undefined;
  #try: Try | undefined;
  #startedMs = 0;
  #attemptsUsed = 0;
  #lastFailure: Failure | undefined;
  /** In a sticky pool alone. */
  #visit: Visit | undefined;
  /** While it waits for a backend, and until it has one. */
  #roomWait: RoomWait | undefined;
  /** While its head has to wait. */
  #held: HeldAnswer | undefined;

  constructor(exchange: Exchange, route: ForwardingRoute, pool: Pool) {
    this.exchange = exchange;
    this.route = route;
    this.pool = pool;
    exchange.carrier = this;
  }

  /** Makes a try on the next backend, or answers when there is none. */
  next(): void {
    const { exchange, pool } = this;
    if (pool.sticky === undefined) {
      this.#attempt(pool.pick(exchange));
      return;
    }
    this.#visit ??= pool.sticky.visit(exchange, pool);
    const chosen = this.#visit.choose();
    if (chosen instanceof Promise) this.#attemptWhenChosen(chosen);
    else this.#attempt(chosen);
  }

  #attemptWhenChosen(chosen: Promise<Backend | undefined>): void {
    const { exchange } = this;
    chosen
      .then((backend) => {
        if (!exchange.isOver) this.#attempt(backend, this.#nowMs());
      })
      .catch((error: unknown) => exchange.fail(error));
  }

  #attempt(backend: Backend | undefined, nowMs?: number): void {
    const { exchange } = this;
    if (backend?.hasRoom !== true) {
      this.#roomWait ??= new RoomWait(this);
      this.#roomWait.wait(backend);
      return;
    }
    const isFirst = exchange.tries === 0 && this.#roomWait === undefined;
    this.#startedMs = nowMs ?? (isFirst ? exchange.startedMs : this.#nowMs());
    this.#roomWait = undefined;
    this.#backend = backend;
    exchange.backend = backend;
    exchange.tries++;
    backend.begin();
    this.#try = this.startTry(backend);
  }

  /** No backend will have it. */
  refuse(reason: NoBackendReason): void {
    const { exchange, pool } = this;
    const last = this.#lastFailure;
    if (last !== undefined) pool.metrics.retryRefused('no_backend');
    sendReply(
      exchange,
      last === undefined ? noBackendReply(reason, pool) : failureReply(last.code),
    );
  }

  /** Begins a try; its events do not come before it has returned. */
  protected startTry(backend: Backend): Try {
    const { forwarders } = this.exchange.services;
    const request = upstreamRequest(this, backend, this.#startedMs);
    return forwarders[this.pool.config.engine].forward(request, backend, this);
  }

  resume(): void {
    if (this.#held === undefined) this.#try?.resume();
  }

  cancel(): void {
    this.#roomWait?.leave();
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
      const until = this.stick(answer.lines);
      if (until === undefined) beginAnswer(exchange, this.route, answer);
      else this.#hold(answer, until);
    } catch (error) {
      exchange.fail(error);
    }
  }

  onBody(buffer: Buffer, start: number, end: number): boolean {
    if (this.#held === undefined) return this.exchange.response.write(buffer, start, end);
    this.#held.take(buffer, start, end);
    return false;
  }

  onFlush(): void {
    if (this.#held === undefined) this.exchange.response.flush();
  }

  onEnd(trailers: readonly string[], nowMs: number): void {
    const { response, body } = this.exchange;
    this.endTry(nowMs);
    // The answer may be out before the request is in: nobody wants the rest.
    body?.stop();
    const forwarded = trailers.length === 0 ? trailers : forwardableTrailers(trailers);
    if (this.#held === undefined) response.end(forwarded);
    else this.#held.trailers = forwarded;
  }

  onCut(code: FailureCode): void {
    this.#backend?.cut(code);
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

  /** A session may have come to its backend, or the backend to a session. @returns what the answer has to wait for, if anything */
  protected stick(lines: HeadText): Promise<void> | undefined {
    const { backend } = this.exchange;
    return backend === undefined ? undefined : this.#visit?.answered(backend, lines);
  }

  #hold(answer: UpstreamAnswer, until: Promise<void>): void {
    const held = new HeldAnswer();
    this.#held = held;
    until
      .then(() => this.#release(answer, held))
      .catch((error: unknown) => this.exchange.fail(error));
  }

  #release(answer: UpstreamAnswer, held: HeldAnswer): void {
    const { exchange } = this;
    const { response, connection } = exchange;
    this.#held = undefined;
    // It may have been answered otherwise meanwhile, or cut.
    if (exchange.isOver || response.isBegun || connection.socket.destroyed) return;
    beginAnswer(exchange, this.route, answer);
    const mayGoOn = held.passTo(response);
    if (held.trailers !== undefined) {
      response.end(held.trailers);
      return;
    }
    response.flush();
    if (mayGoOn) this.#try?.resume();
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
    backend.failed(failure.code);
    const { metric } = FAILURES[failure.code];
    if (metric === 'connect' || (metric === 'tls' && !failure.reusedConnection)) {
      services.reportUnreachable(backend, failure.detail);
    }
  }

  #nowMs(): number {
    return this.exchange.services.clock.monotonicMs();
  }
}
