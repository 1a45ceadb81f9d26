/**
 * The way of a request that may have a second try while the first is still on its way: after a while without an answer
 * another backend is asked as well, once. Whose answer comes first, and is of use, goes to the client; the other try is
 * cancelled, which says nothing about its backend.
 *
 *     first try ────────────┬── answers: the hedge is cancelled
 *         └─ too long       ├── fails: the hedge goes on alone
 *              └─ hedge ────┼── answers: the first is cancelled
 *                           └── fails: the first goes on alone
 */
import type { Backend } from '../balancing/backend.ts';
import type { Pool } from '../balancing/pool.ts';
import type { Failure, Try, UpstreamAnswer } from '../forward/forwarder.ts';
import type { Hedging } from '../forward/hedging.ts';
import type { ForwardingRoute } from './admission.ts';
import type { Exchange } from './exchange.ts';
import { Hedge, type HedgeOwner } from './hedge.ts';
import { Passage } from './passage.ts';
import type { RequestBody } from './request-body.ts';
import { upstreamRequest } from './upstream-request.ts';

export class HedgedPassage extends Passage implements HedgeOwner {
  readonly #hedging: Hedging;
  #timer: NodeJS.Timeout | undefined;
  #hedge: Hedge | undefined;
  /** A request has one hedge at most. */
  #isHedged = false;

  constructor(exchange: Exchange, route: ForwardingRoute, pool: Pool, hedging: Hedging) {
    super(exchange, route, pool);
    this.#hedging = hedging;
  }

  protected override startTry(backend: Backend): Try {
    const afterMs = this.#isHedged ? undefined : this.#hedging.afterMs(this.#nowMs());
    if (afterMs !== undefined) this.#timer = setTimeout(() => this.#onSlow(backend), afterMs);
    return super.startTry(backend);
  }

  override cancel(): void {
    clearTimeout(this.#timer);
    this.#dropHedge();
    super.cancel();
  }

  override onAnswer(answer: UpstreamAnswer, nowMs: number): void {
    clearTimeout(this.#timer);
    this.#hedging.observe(nowMs - this.startedMs, nowMs);
    const hedge = this.#runningBeside();
    if (hedge !== undefined && this.isUnwanted(answer.status)) {
      this.answered(answer.status, nowMs);
      this.discardTry(hedge.startedMs);
      this.#goOnWith(hedge);
      return;
    }
    this.#dropHedge();
    super.onAnswer(answer, nowMs);
  }

  override onFailure(failure: Failure): void {
    clearTimeout(this.#timer);
    const hedge = this.#runningBeside();
    if (hedge === undefined) {
      super.onFailure(failure);
      return;
    }
    this.failed(failure, hedge.startedMs);
    this.#goOnWith(hedge);
  }

  onHedgeAnswer(answer: UpstreamAnswer, nowMs: number): void {
    const hedge = this.#runningBeside();
    const isUnwanted = this.isUnwanted(answer.status);
    if (hedge !== undefined && isUnwanted) {
      hedge.backend.answered(answer.status, nowMs - hedge.startedMs, nowMs);
      hedge.attempt?.discard();
      this.#endHedge(hedge, nowMs);
      return;
    }
    if (hedge !== undefined) {
      this.#hedging.observe(nowMs - this.startedMs, nowMs);
      this.dropTry(hedge.startedMs);
      this.#goOnWith(hedge);
    }
    this.#hedge?.giveBack(isUnwanted, nowMs);
    super.onAnswer(answer, nowMs);
  }

  onHedgeFailure(failure: Failure): void {
    const hedge = this.#runningBeside();
    if (hedge === undefined) {
      this.#hedge?.giveBack(true, this.#nowMs());
      super.onFailure(failure);
      return;
    }
    this.#endHedge(hedge, this.#nowMs());
    this.record(hedge.backend, failure);
  }

  /** No answer for a while. */
  #onSlow(backend: Backend): void {
    const { exchange, pool } = this;
    if (!mayGoTwice(exchange.body)) return;
    try {
      exchange.tried = [...exchange.tried, backend];
      const another = pool.pick(exchange);
      if (another === undefined || exchange.tried.includes(another)) return;
      const nowMs = this.#nowMs();
      this.#isHedged = true;
      if (pool.secondTries.budget.take(pool, 0, nowMs)) this.#begin(another, nowMs);
      else pool.metrics.retryRefused('budget');
    } catch (error) {
      exchange.fail(error);
    }
  }

  #begin(backend: Backend, startedMs: number): void {
    const { exchange, pool } = this;
    const hedge = new Hedge(this, { backend, budget: pool.secondTries.budget, startedMs });
    this.#hedge = hedge;
    exchange.tries++;
    exchange.tried = [...exchange.tried, backend];
    pool.metrics.retried('hedge');
    const engine = exchange.services.forwarders[pool.config.engine];
    const request = upstreamRequest(this, backend, startedMs, 'hedge');
    hedge.attempt = engine.forward(request, backend, hedge);
  }

  /** The hedge, while another try is under way as well. */
  #runningBeside(): Hedge | undefined {
    return this.#hedge?.isAlone === true ? undefined : this.#hedge;
  }

  /** The other try is over, and the hedge the only one. */
  #goOnWith(hedge: Hedge): void {
    hedge.isAlone = true;
    this.adopt(hedge);
  }

  /** The hedge came to nothing: the other try is the only one. */
  #endHedge(hedge: Hedge, nowMs: number): void {
    this.#hedge = undefined;
    hedge.end(true, nowMs);
  }

  #dropHedge(): void {
    const hedge = this.#hedge;
    if (hedge === undefined) return;
    this.#hedge = undefined;
    if (hedge.isAlone) hedge.giveBack(false, this.#nowMs());
    else hedge.cancel(this.#nowMs());
  }

  #nowMs(): number {
    return this.exchange.services.clock.monotonicMs();
  }
}

/** Both tries can have it from its first byte to its last. */
function mayGoTwice(body: RequestBody | undefined): boolean {
  return body === undefined || body.isEmpty || (body.isComplete && body.isReplayable);
}
