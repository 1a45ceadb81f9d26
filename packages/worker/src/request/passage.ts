/**
 * The way of a request to a backend and of its answer back: pick, try, and again while that is allowed; then the answer goes
 * to the client as it comes.
 *
 *     next ──▶ pick ──▶ a try ──┬─ onAnswer ──▶ of use? ── yes ──▶ onBody* ─ onEnd │ onCut
 *       ▲                       └─ onFailure ─┐  └ no
 *       └── wait ◀─── yes ── may be tried again? ── no ──▶ that answer, or a reply
 */
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { RetryReason } from '@lb/shared/metrics/catalog';
import type { Backend } from '../balancing/backend.ts';
import type { Pool } from '../balancing/pool.ts';
import type { Visit } from '../balancing/sticky/sticky.ts';
import type { Failure, Try, TryEvents, UpstreamAnswer } from '../forward/forwarder.ts';
import { recordFailure } from '../forward/record-failure.ts';
import { reasonOfFailure } from '../forward/retry.ts';
import type { HeadText } from '../http1/head-text.ts';
import type { ForwardingRoute } from './admission.ts';
import { Intake } from '../cache/intake.ts';
import type { Caching } from '../cache/caching.ts';
import { beginAnswer } from './begin-answer.ts';
import type { Detour } from './detour.ts';
import type { Carrier, Exchange } from './exchange.ts';
import { HeldAnswer } from './held-answer.ts';
import { forwardableTrailers } from './hop-by-hop.ts';
import { responseLines } from './response-lines.ts';
import { RetryCourse } from './retry-course.ts';
import { RoomWait, type Seeker } from './room-wait.ts';
import type { Reply } from './reply.ts';
import { sendReply } from './send-reply.ts';
import { failureReply, type NoBackendReason, noBackendReply } from './upstream-errors.ts';
import { upstreamRequest } from './upstream-request.ts';

/** One try under way. */
export interface Run {
  readonly backend: Backend;
  readonly attempt: Try | undefined;
  /** On the monotonic clock. */
  readonly startedMs: number;
}

export class Passage implements Carrier, TryEvents, Seeker {
  readonly exchange: Exchange;
  readonly route: ForwardingRoute;
  readonly pool: Pool;
  #backend: Backend | undefined;
  #try: Try | undefined;
  #startedMs = 0;
  /** Of the answer that is coming. */
  #status = 0;
  /** From the first try on that came to nothing. */
  #course: RetryCourse | undefined;
  /** In a sticky pool alone. */
  #visit: Visit | undefined;
  /** While it waits for a backend, and until it has one. */
  #roomWait: RoomWait | undefined;
  /** While the answer does not go straight to the client. */
  #detour: Detour | undefined;

  constructor(exchange: Exchange, route: ForwardingRoute, pool: Pool) {
    this.exchange = exchange;
    this.route = route;
    this.pool = pool;
    exchange.carrier = this;
  }

  /** Makes a try on the next backend, or answers when there is none. */
  next(): void {
    const { exchange, pool } = this;
    if (pool.sticky === undefined || this.#course?.isAside === true) {
      this.#proceed(pool.pick(exchange));
      return;
    }
    this.#visit ??= pool.sticky.visit(exchange, pool);
    const chosen = this.#visit.choose();
    if (chosen instanceof Promise) this.#proceedWhenChosen(chosen);
    else this.#proceed(chosen);
  }

  #proceedWhenChosen(chosen: Promise<Backend | undefined>): void {
    const { exchange } = this;
    chosen
      .then((backend) => {
        if (!exchange.isOver) this.#proceed(backend, this.#nowMs());
      })
      .catch((error: unknown) => exchange.fail(error));
  }

  #proceed(backend: Backend | undefined, nowMs?: number): void {
    const course = this.#course;
    if (backend === undefined || course === undefined) this.#attempt(backend, nowMs);
    else course.wait(backend, (later) => this.#attempt(later));
  }

  #attempt(backend: Backend | undefined, nowMs?: number): void {
    const { exchange } = this;
    if (backend?.hasRoom !== true) {
      this.#roomWait ??= new RoomWait(this);
      this.#roomWait.wait(backend);
      return;
    }
    this.#course?.begins();
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
    const { pool } = this;
    const last = this.#course?.lastFailure;
    if (this.#course !== undefined) pool.metrics.retryRefused('no_backend');
    this.#answerFailure(
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
    if (this.#detour === undefined) this.#try?.resume();
    else this.#detour.resume();
  }

  cancel(): void {
    this.#roomWait?.leave();
    this.#course?.end(false);
    const { caching } = this.exchange;
    this.#detour?.leave();
    if (caching?.outlivesClient === true && this.#backend !== undefined) return;
    caching?.abandon();
    this.dropTry();
  }

  /** Passes on an interim answer, but 100, which is the balancer's own business. @see RFC 9110 section 15.2 */
  onInformation(status: number, lines: HeadText): void {
    if (status === 100) return;
    this.exchange.response.inform(status, responseLines(lines, true, false).text);
  }

  onAnswer(answer: UpstreamAnswer, nowMs: number): void {
    const { exchange } = this;
    this.answered(answer.status, nowMs);
    try {
      const isUnwanted = !exchange.isOver && this.isUnwanted(answer.status);
      if (isUnwanted && this.#isReplaced(answer.status, nowMs)) return;
      this.#course?.end(isUnwanted);
      exchange.body?.forget();
      const until = this.stick(answer.lines);
      if (exchange.caching !== undefined && !this.#offer(exchange.caching, answer, nowMs)) return;
      if (until === undefined) this.#begin(answer);
      else this.#hold(answer, until);
    } catch (error) {
      exchange.fail(error);
    }
  }

  onBody(buffer: Buffer, start: number, end: number): boolean {
    const detour = this.#detour;
    if (detour === undefined) return this.exchange.target.write(buffer, start, end);
    const mayGoOn = detour.take(buffer, start, end);
    if (this.exchange.isOver && detour.isInVain) this.dropTry();
    return mayGoOn;
  }

  onFlush(): void {
    if (this.#detour === undefined) this.exchange.target.flush();
    else this.#detour.flush();
  }

  onEnd(trailers: readonly string[], nowMs: number): void {
    const { target, body } = this.exchange;
    this.#backend?.completed(this.#status);
    this.endTry(nowMs);
    // The answer may be out before the request is in: nobody wants the rest.
    body?.stop();
    const forwarded = trailers.length === 0 ? trailers : forwardableTrailers(trailers);
    if (this.#detour === undefined) target.end(forwarded);
    else this.#detour.end(forwarded);
  }

  onCut(code: FailureCode): void {
    this.#backend?.cut(code, this.#status);
    this.endTry();
    if (this.#detour === undefined) this.exchange.cut(code);
    else this.#detour.cut(code);
  }

  onFailure(failure: Failure): void {
    const { exchange } = this;
    this.failed(failure);
    // The failure and the end of the client may cross: nobody waits for another try.
    if (exchange.isOver) {
      exchange.caching?.abandon();
      return;
    }
    const course = this.#again();
    const reason = reasonOfFailure(failure, exchange);
    course.decide(reason, (mayFollow) => {
      if (mayFollow && reason !== undefined) {
        course.lastFailure = failure;
        course.follows(reason);
        this.next();
        return;
      }
      course.end(true);
      this.#answerFailure(failureReply(failure.code));
    });
  }

  #answerFailure(reply: Reply): void {
    if (this.exchange.caching?.onFailure(reply) !== true) sendReply(this.exchange, reply);
  }

  #begin(answer: UpstreamAnswer): void {
    beginAnswer(this.exchange, this.route, answer);
    if (this.#detour?.begun() === true) this.#detour = undefined;
  }

  /** Has the cache look at an answer. @returns whether the client gets this one */
  #offer(caching: Caching, answer: UpstreamAnswer, nowMs: number): boolean {
    const { exchange } = this;
    const verdict = caching.onAnswer(answer, nowMs - this.#startedMs, nowMs);
    if (verdict === 'again') {
      this.discardTry(nowMs);
      this.next();
      return false;
    }
    if (verdict !== 'pass') {
      const fill = verdict === 'answered' ? undefined : verdict;
      this.#detour = new Intake(exchange, fill, () => this.#try?.resume());
      // A confirmation ends with its head.
      if (fill === undefined && answer.status !== NOT_MODIFIED) this.discardTry(nowMs);
      return fill !== undefined && !exchange.isOver;
    }
    if (exchange.isOver) this.dropTry();
    return !exchange.isOver;
  }

  /** Gives an answer up for another try. False when there is none, and the client gets this answer. */
  #isReplaced(status: number, nowMs: number): boolean {
    const { exchange, pool } = this;
    const course = this.#again();
    const reason = String(status) as RetryReason;
    if (!course.mayFollow(reason)) return false;
    course.pass();
    const backend = pool.pick(exchange);
    if (backend === undefined) {
      pool.metrics.retryRefused('no_backend');
      course.end(false);
      return false;
    }
    this.discardTry(nowMs);
    course.lastFailure = undefined;
    course.follows(reason);
    this.#proceed(backend);
    return true;
  }

  #again(): RetryCourse {
    this.#course ??= this.newCourse();
    return this.#course;
  }

  protected newCourse(): RetryCourse {
    return new RetryCourse(this.exchange, this.pool);
  }

  /** The head of an answer came; the backend stays busy until the try ends. */
  protected answered(status: number, nowMs: number): void {
    const { exchange } = this;
    exchange.connectMs = this.#try?.connectMs;
    exchange.ttfbMs = nowMs - exchange.startedMs;
    this.#status = status;
    this.#backend?.answered(status, nowMs - this.#startedMs, nowMs);
  }

  /** A session may have come to its backend, or the backend to a session. @returns what the answer has to wait for, if anything */
  protected stick(lines: HeadText): Promise<void> | undefined {
    const { backend } = this.exchange;
    if (backend === undefined || this.#visit === undefined) return undefined;
    return this.#course?.isAside === true
      ? this.#visit.answeredAside(backend, lines)
      : this.#visit.answered(backend, lines);
  }

  #hold(answer: UpstreamAnswer, until: Promise<void>): void {
    const { exchange } = this;
    this.#detour ??= new HeldAnswer(exchange, () => this.#try?.resume());
    until
      .then(() => {
        const { response, connection } = exchange;
        // It may have been answered otherwise meanwhile, or cut.
        if (exchange.isOver || response.isBegun || connection.socket.destroyed) return;
        this.#begin(answer);
      })
      .catch((error: unknown) => exchange.fail(error));
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

  /** The try brought no answer. @param nowMs until when it counts as time spent waiting for backends */
  protected failed(failure: Failure, nowMs?: number): void {
    const backend = this.#backend;
    this.endTry(nowMs);
    if (backend !== undefined) this.record(backend, failure);
  }

  /** Says what the failure of a try means for its backend. */
  protected record(backend: Backend, failure: Failure): void {
    const { exchange } = this;
    const isStale = reasonOfFailure(failure, exchange) === 'stale';
    recordFailure(backend, failure, exchange.services, isStale);
  }

  /** Nobody wants what the try may still bring. @param nowMs as above */
  protected dropTry(nowMs?: number): void {
    if (this.#backend === undefined) return;
    this.#try?.cancel();
    this.endTry(nowMs);
  }

  /** Nobody wants the answer that the try has brought. @param nowMs as above */
  protected discardTry(nowMs: number): void {
    this.#try?.discard();
    this.endTry(nowMs);
    this.exchange.ttfbMs = undefined;
  }

  /** An answer with this status is no use when another can be had. */
  protected isUnwanted(status: number): boolean {
    return this.pool.secondTries.statuses?.has(status) === true;
  }

  /** When the try began that is under way. */
  protected get startedMs(): number {
    return this.#startedMs;
  }

  /** Goes on with a try that was begun beside the one that is over. */
  protected adopt({ backend, attempt, startedMs }: Run): void {
    this.#backend = backend;
    this.#try = attempt;
    this.#startedMs = startedMs;
    this.exchange.backend = backend;
  }

  #nowMs(): number {
    return this.exchange.services.clock.monotonicMs();
  }
}

const NOT_MODIFIED = 304;
