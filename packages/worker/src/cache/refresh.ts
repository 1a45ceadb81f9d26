/**
 * Asks for a stale answer again, behind its use: one try without a client, like a copy of a mirror. What comes of it is
 * stored; a failure leaves what there is.
 */
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Backend } from '../balancing/backend.ts';
import type { Pool } from '../balancing/pool.ts';
import type { Failure, Try, TryEvents, UpstreamAnswer } from '../forward/forwarder.ts';
import { recordFailure } from '../forward/record-failure.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Route } from '../request/route.ts';
import type { Services } from '../request/services.ts';
import { upstreamRequest } from '../request/upstream-request.ts';
import type { Cache } from './cache.ts';
import type { Entry } from './entry.ts';
import { Fetch, type Judgement } from './fetch.ts';
import type { Fill } from './fill.ts';
import { ignoringStore } from './lease.ts';
import type { SharedTier } from './shared-tier.ts';

export interface RefreshSetup {
  /** The request that is answered with the stale one; it is asked again as it was. */
  readonly exchange: Exchange;
  readonly route: Route;
  readonly entry: Entry;
  /** Where others find it. */
  readonly fill: Fill;
}

/** Begins behind what is being done now. */
export function refresh(cache: Cache, setup: RefreshSetup): void {
  const { exchange, route, entry, fill } = setup;
  const { head, method, services, id } = exchange;
  if (head === undefined || route.action.kind !== 'forward') throw new Error('nothing to ask for');
  const fetch = new Fetch(cache, {
    key: entry.key,
    method: 'GET',
    asked: {
      isAuthorized: head.header('authorization') !== undefined,
      hasCookie: head.header('cookie') !== undefined,
    },
    request: head,
    entry,
    fill,
  });
  const pool = route.action.choosePool(exchange);
  const run = new Refresh(fetch, pool, services);
  process.nextTick(() => {
    try {
      run.begin(exchange, route);
    } catch (error) {
      // A bug of ours; here it would end the worker.
      services.log.error(
        { err: error, requestId: id, method },
        'refresh of a stored answer failed',
      );
      run.cancel();
    }
  });
}

/** Same, where another worker may have it fresh, or be asking: of all that see it stale one asks. */
export function refreshForAll(cache: Cache, tier: SharedTier, setup: RefreshSetup): void {
  const { exchange, entry, fill } = setup;
  ignoringStore(tier.find(entry.key, exchange, true))
    .then((found) => {
      if (found?.kind === 'yours') fill.lease = found.lease;
      if (found === undefined || found.kind === 'yours' || found.kind === 'none') {
        refresh(cache, setup);
      } else if (found.kind === 'stored' && fill.mayBeStored) {
        tier.adopt(found.stored, (fresh) => fill.settle(fresh));
      } else {
        entry.postponeRefresh(cache.clock.monotonicMs());
        fill.restart();
      }
    })
    .catch((error: unknown) => {
      exchange.services.log.error({ err: error }, 'refresh of a stored answer failed');
      fill.restart();
    });
}

class Refresh implements TryEvents {
  readonly #fetch: Fetch;
  readonly #pool: Pool;
  readonly #services: Services;
  #backend: Backend | undefined;
  #try: Try | undefined;
  #fill: Fill | undefined;
  #startedMs = 0;
  /** Of the answer that is coming. */
  #status = 0;

  constructor(fetch: Fetch, pool: Pool, services: Services) {
    this.#fetch = fetch;
    this.#pool = pool;
    this.#services = services;
  }

  /** The client's request is of no use behind this: it is not kept. */
  begin(exchange: Exchange, route: Route): void {
    const pool = this.#pool;
    const backend = pool.pick({ tried: [], hashKey: (source) => exchange.hashKey(source) });
    if (backend?.hasRoom !== true) {
      this.#failed();
      return;
    }
    this.#startedMs = this.#services.clock.monotonicMs();
    const parts = { exchange, route, pool };
    const plain = upstreamRequest(parts, backend, this.#startedMs, 'refresh');
    const { target } = plain;
    const startLine = `GET ${target} HTTP/1.1\r\n`;
    const lines = this.#fetch.requestLines(plain.lines);
    this.#backend = backend;
    backend.begin();
    const engine = this.#services.forwarders[pool.config.engine];
    const request = { ...plain, startLine, method: 'GET', lines, body: undefined };
    this.#try = engine.forward(request, backend, this);
  }

  /** Drops it. */
  cancel(): void {
    this.#try?.cancel();
    this.#failed();
  }

  onInformation(): void {
    // Nobody waits for it.
  }

  onAnswer(answer: UpstreamAnswer, nowMs: number): void {
    this.#status = answer.status;
    this.#backend?.answered(answer.status, nowMs - this.#startedMs, nowMs);
    const delayMs = nowMs - this.#startedMs;
    this.#fetch.judge({ answer, delayMs, nowMs }, (judgement) => this.#conclude(judgement));
  }

  #conclude(judgement: Judgement): void {
    switch (judgement.kind) {
      case 'fill':
        this.#fill = judgement.fill;
        this.#fill.resumeSource = () => this.#try?.resume();
        return;
      case 'confirmed':
        return;
      case 'pass':
      case 'again':
      case 'stale':
        // Not what was hoped for, and of no use here.
        this.#try?.discard();
        this.#failed();
    }
  }

  onBody(buffer: Buffer, start: number, end: number): boolean {
    const fill = this.#fill;
    if (fill === undefined) return true;
    const mayGoOn = fill.take(buffer, start, end);
    if (!fill.isWanted) this.cancel();
    return mayGoOn;
  }

  onFlush(): void {
    this.#fill?.flush();
  }

  onEnd(): void {
    this.#backend?.completed(this.#status);
    this.#fill?.finish([]);
    this.#end();
  }

  onCut(code: FailureCode): void {
    this.#backend?.cut(code, this.#status);
    this.#fill?.abort(code);
    this.#failed();
  }

  onFailure(failure: Failure): void {
    if (this.#backend !== undefined) recordFailure(this.#backend, failure, this.#services);
    this.#failed();
  }

  #failed(): void {
    this.#fetch.entry?.postponeRefresh(this.#services.clock.monotonicMs());
    this.#end();
  }

  #end(): void {
    // Whoever waits asks for itself.
    this.#fetch.fill?.decline();
    this.#fill = undefined;
    this.#backend?.end();
    this.#backend = undefined;
    this.#try = undefined;
  }
}
