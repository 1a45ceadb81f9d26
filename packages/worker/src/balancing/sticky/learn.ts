/** Sessions by the cookie that backends set themselves: whoever set it has the session. */
import type { StickyConfig } from '@lb/shared/config/schema/root';
import type { StickyResult } from '@lb/shared/metrics/catalog';
import type { HeadText } from '../../http1/head-text.ts';
import { readCookie } from '../../request/cookie.ts';
import type { Exchange } from '../../request/exchange.ts';
import type { KeySource } from '../../request/request-key.ts';
import { readSetCookie } from '../../request/set-cookie.ts';
import type { Backend } from '../backend.ts';
import type { Pool } from '../pool.ts';
import { sessionKey, Sessions } from './sessions.ts';
import type { Sticky, Visit } from './sticky.ts';

type LearnConfig = Extract<StickyConfig, { mode: 'learn' }>;

export class LearnSticky implements Sticky {
  /** Not the cookie: the first request of a session has none, and must not have gone to another pool than those that follow. */
  readonly keySource: KeySource = { kind: 'client_ip' };
  readonly #cookie: string;
  readonly #sessions: Sessions;

  constructor({ cookie, ttl }: LearnConfig, pool: string) {
    this.#cookie = cookie;
    this.#sessions = new Sessions(pool, ttl);
  }

  update(backends: readonly Backend[]): void {
    this.#sessions.update(backends);
  }

  /** Only the store knows. */
  owns(): boolean {
    return false;
  }

  visit(exchange: Exchange, pool: Pool): Visit {
    return new LearnVisit(this.#sessions, this.#cookie, exchange, pool);
  }
}

class LearnVisit implements Visit {
  readonly #sessions: Sessions;
  readonly #cookie: string;
  readonly #exchange: Exchange;
  readonly #pool: Pool;
  /** undefined for a request without the cookie. */
  readonly #key: string | undefined;
  /** undefined while the session has no backend. */
  #result: StickyResult | undefined;

  constructor(sessions: Sessions, cookie: string, exchange: Exchange, pool: Pool) {
    this.#sessions = sessions;
    this.#cookie = cookie;
    this.#exchange = exchange;
    this.#pool = pool;
    const value = readCookie(exchange.header('cookie'), cookie);
    this.#key = value ? sessionKey(value) : undefined;
  }

  choose(): Backend | undefined | Promise<Backend | undefined> {
    if (this.#key === undefined) return this.#pool.pick(this.#exchange);
    const known = this.#sessions.known(this.#key, this.#exchange);
    if (known === undefined) return this.#find(this.#key);
    this.#result = 'hit';
    return known;
  }

  answered(backend: Backend, lines: HeadText): Promise<void> | undefined {
    const learnt = this.#learn(backend, lines);
    if (learnt !== undefined) this.#result ??= 'new';
    if (this.#result !== undefined) this.#pool.metrics.sticky(this.#result);
    return learnt;
  }

  /** The client may come to another instance with its new cookie at once: until the store knows it, the answer waits. */
  #learn(backend: Backend, lines: HeadText): Promise<void> | undefined {
    const change = readSetCookie(lines, this.#cookie, this.#exchange.services.clock.wallMs());
    if (change === undefined) return undefined;
    if (change.isDeleted) {
      if (this.#key !== undefined) this.#sessions.forget(this.#key);
      return undefined;
    }
    const key = sessionKey(change.value);
    if (this.#sessions.has(key, backend)) return undefined;
    return this.#sessions.remember(key, backend, this.#exchange);
  }

  async #find(key: string): Promise<Backend | undefined> {
    const bound = await this.#sessions.find(key, this.#exchange, this.#pool, false);
    if (bound === undefined) return this.#pool.pick(this.#exchange);
    this.#result = bound.result;
    return bound.backend;
  }
}
