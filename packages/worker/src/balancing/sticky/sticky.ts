/**
 * How the requests of a session keep to one backend. One mode, one file; registry.ts lists them.
 *
 *     request ──▶ visit ──▶ choose ──▶ a try ──▶ answered ──▶ client
 *                             ▲          │failed
 *                             └──────────┘
 */
import type { HeadText } from '../../http1/head-text.ts';
import type { Exchange } from '../../request/exchange.ts';
import type { KeyedRequest, KeySource } from '../../request/request-key.ts';
import type { Backend } from '../backend.ts';
import type { Pool } from '../pool.ts';

/** What a pool does for sessions, as long as its settings stay the same. */
export interface Sticky {
  /** What tells clients apart that have no session yet, for choices beyond this pool. */
  readonly keySource: KeySource;
  /** The backends of the pool, whatever their state: at first, and when they change. */
  update(backends: readonly Backend[]): void;
  /** Whether the request says by itself that its session is one of this pool. */
  owns(request: KeyedRequest): boolean;
  /** The backend of its session, where the request says it by itself; absent where somebody has to be asked. */
  boundOf?(request: KeyedRequest): Backend | undefined;
  /** Called for each request, before its first try. */
  visit(exchange: Exchange, pool: Pool): Visit;
}

/** One request, on its way through a sticky pool. */
export interface Visit {
  /**
   * The backend for the next try: the one of the session while that can take it, else the policy's, which the session has
   * from then on; undefined when there is none. A promise where the store has to be asked.
   */
  choose(): Backend | undefined | Promise<Backend | undefined>;
  /**
   * The head of an answer came, with these lines. May add to exchange.answerLines.
   * @returns what the answer has to wait for before it goes to the client, if anything
   */
  answered(backend: Backend, lines: HeadText): Promise<void> | undefined;
  /** Same, where the backend answered in place of the one that has the session: the session stays where it is. */
  answeredAside(backend: Backend, lines: HeadText): Promise<void> | undefined;
}

/** Whether a request of a session that is bound to this backend may go there, whatever the weight; it waits where that is full. */
export function isUsable(backend: Backend, { tried }: Exchange): boolean {
  return backend.isServing && backend.breaker !== 'open' && !tried.includes(backend);
}
