/** The cache's part in a request that goes on to a backend: what it asks for, and what the client gets of it. */
import type { UpstreamAnswer } from '../forward/forwarder.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Reply } from '../request/reply.ts';
import type { Route } from '../request/route.ts';
import type { Cache } from './cache.ts';
import { type CacheStatus, type ForwardReason, storedStatusLine } from './cache-status.ts';
import type { Caching, CachingVerdict } from './caching.ts';
import type { Entry } from './entry.ts';
import { Fetch, type Judgement } from './fetch.ts';
import type { Fill } from './fill.ts';
import { AUTHORIZATION } from './request-traits.ts';

export interface VisitSetup {
  readonly exchange: Exchange;
  readonly route: Route;
  readonly key: string;
  /** traitsOf the request. */
  readonly traits: number;
  readonly entry: Entry | undefined;
  /** What others wait for; undefined when the request is made for itself alone. */
  readonly fill: Fill | undefined;
  readonly reason: ForwardReason;
}

export class Visit implements Caching {
  readonly #cache: Cache;
  readonly #setup: VisitSetup;
  readonly #fetch: Fetch;
  /** What the answer goes into; before the answer, where others wait for it. */
  #fill: Fill | undefined;

  constructor(cache: Cache, setup: VisitSetup) {
    const { exchange, key, traits, entry, fill } = setup;
    this.#cache = cache;
    this.#setup = setup;
    this.#fill = fill;
    this.#fetch = new Fetch(cache, {
      key,
      entry,
      fill,
      method: exchange.method,
      request: exchange,
      asked: {
        isAuthorized: (traits & AUTHORIZATION) !== 0,
        hasCookie: exchange.header('cookie') !== undefined,
      },
    });
  }

  get outlivesClient(): boolean {
    return this.#fill?.isWanted === true;
  }

  requestLines(lines: string): string {
    return this.#fetch.requestLines(lines);
  }

  onAnswer(answer: UpstreamAnswer, delayMs: number, nowMs: number): CachingVerdict {
    return this.#fetch.judge({ answer, delayMs, nowMs }, (judgement) =>
      this.#conclude(judgement, nowMs),
    );
  }

  #conclude(judgement: Judgement, nowMs: number): CachingVerdict {
    const { exchange, reason } = this.#setup;
    switch (judgement.kind) {
      case 'pass':
        this.#fill = undefined;
        this.#cache.metrics.count('miss');
        exchange.answerLines += this.#cache.statusLine(reason);
        return 'pass';
      case 'fill':
        this.#fill = judgement.fill;
        this.#cache.metrics.count('miss');
        if (this.#cache.config.addStatusHeader) exchange.answerLines += storedStatusLine(reason);
        return judgement.fill;
      case 'confirmed':
        this.#cache.metrics.count('revalidated');
        exchange.answerLines += judgement.clientLines;
        this.#send(judgement.entry, 'fwd=stale; fwd-status=304', nowMs);
        return 'answered';
      case 'stale':
        this.#sendStale(judgement.entry, nowMs);
        return 'answered';
      case 'again':
        return 'again';
    }
  }

  onFailure(reply: Reply): boolean {
    const nowMs = this.#cache.clock.monotonicMs();
    const { entry } = this.#setup;
    if (entry?.mayServeOnError(nowMs) === true) {
      entry.during(() => {
        this.#fill?.settle(entry);
        this.#sendStale(entry, nowMs);
      });
      return true;
    }
    this.#cache.metrics.count('miss');
    this.#fill?.fail(reply);
    return false;
  }

  abandon(): void {
    this.#fill?.abort(undefined);
  }

  #sendStale(entry: Entry, nowMs: number): void {
    this.#cache.metrics.count('stale');
    this.#send(entry, 'fwd=stale; detail=stale-if-error', nowMs);
  }

  #send(entry: Entry, status: CacheStatus, nowMs: number): void {
    const { exchange, route, traits } = this.#setup;
    if (!exchange.isOver) this.#cache.send(exchange, { route, entry, traits, status, nowMs });
  }
}
