/** A request that waits for an answer which another one has asked for already. */
import { beginResponse } from '../request/begin-response.ts';
import type { Carrier, Exchange } from '../request/exchange.ts';
import type { Reply } from '../request/reply.ts';
import type { Route } from '../request/route.ts';
import { sendReply } from '../request/send-reply.ts';
import type { Verdict } from '../stages/stage.ts';
import type { Cache } from './cache.ts';
import type { Entry } from './entry.ts';
import type { BegunAnswer, Fill, FillWaiter } from './fill.ts';
import type { FillReader } from './fill-reader.ts';
import { editedLines, lengthLine } from './prepared-head.ts';
import { CONDITIONAL, RANGE } from './request-traits.ts';
import { variantOf } from './vary.ts';

export interface FollowerSetup {
  readonly exchange: Exchange;
  readonly route: Route;
  /** traitsOf the request. */
  readonly traits: number;
  readonly fill: Fill;
  /** It has to ask for itself. */
  readonly onRelease: () => void;
  /** It begins anew. */
  readonly onRestart: () => Verdict | Promise<Verdict>;
}

export class Follower implements FillWaiter, Carrier {
  readonly #cache: Cache;
  readonly #setup: FollowerSetup;
  readonly #settle: (verdict: Verdict | Promise<Verdict>) => void;
  #reader: FillReader | undefined;

  /** @param settle called once, with what the stage says */
  constructor(
    cache: Cache,
    setup: FollowerSetup,
    settle: (verdict: Verdict | Promise<Verdict>) => void,
  ) {
    this.#cache = cache;
    this.#setup = setup;
    this.#settle = settle;
    setup.fill.wait(this);
  }

  onBegin(fill: Fill, answer: BegunAnswer): 'joined' | 'waits' | 'not mine' {
    const { exchange, traits } = this.#setup;
    const { freshness, vary } = answer.head;
    const isMine =
      freshness.lifetimeMs > freshness.initialAgeMs && variantOf(vary, exchange) === answer.variant;
    if (!isMine) return 'not mine';
    // What it wants of the answer can be told when that is whole.
    if ((traits & (RANGE | CONDITIONAL)) !== 0) return 'waits';
    this.#guarded(() => this.#join(fill, answer));
    return 'joined';
  }

  onEntry(entry: Entry): void {
    this.#guarded(() => {
      const { exchange, route, traits } = this.#setup;
      const nowMs = this.#cache.clock.monotonicMs();
      const isFresh = entry.freshMs(nowMs) > 0;
      const isMine = variantOf(entry.answer.vary, exchange) === entry.variant;
      if (!isMine || !(isFresh || entry.mayServeOnError(nowMs))) {
        this.onRelease();
        return;
      }
      this.#cache.metrics.count(isFresh ? 'collapsed' : 'stale');
      const status = isFresh ? 'fwd=uri-miss; collapsed' : 'fwd=stale; detail=stale-if-error';
      this.#cache.send(exchange, { route, entry, traits, status, nowMs });
      this.#settle('answered');
    });
  }

  onRelease(): void {
    this.#setup.onRelease();
    this.#settle(undefined);
  }

  onRestart(): void {
    this.#guarded(() => this.#settle(this.#setup.onRestart()));
  }

  onFailure(reply: Reply): void {
    this.#guarded(() => {
      this.#cache.metrics.count('collapsed');
      sendReply(this.#setup.exchange, reply);
      this.#settle('answered');
    });
  }

  resume(): void {
    this.#reader?.resume();
  }

  cancel(): void {
    this.#setup.fill.leave(this);
    this.#reader?.leave();
    this.#settle('answered');
  }

  #join(fill: Fill, { head, length }: BegunAnswer): void {
    const { exchange, route } = this.#setup;
    const { connection, answerLines, services, id } = exchange;
    this.#cache.metrics.count('collapsed');
    const { text, hasDate } = editedLines(head, route);
    const idLine = `${services.runtime().requestIdHeader}: ${id}\r\n`;
    const ownLines = this.#cache.statusLine('fwd=uri-miss; collapsed') + idLine + answerLines;
    const hasLength = length !== undefined || head.status === 204;
    const allLines =
      text + (length === undefined ? '' : lengthLine(head.status, length)) + ownLines;
    const closes = connection.isEnding || !connection.hasWholeRequest;
    const lines = { text: allLines, hasLength, hasDate };
    beginResponse(exchange, route, { ...head, lines, closes });
    this.#reader = fill.join(exchange);
    this.#reader.flush();
    this.#settle('answered');
  }

  /** What goes wrong with one request must not reach the one whose answer it shares. */
  #guarded(step: () => void): void {
    const { exchange } = this.#setup;
    try {
      step();
    } catch (error) {
      exchange.fail(error);
      this.#settle('answered');
    }
  }
}
