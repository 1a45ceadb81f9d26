/** Sessions by something that clients send: the first request binds it to a backend, those that follow go there. */
import type { StickyConfig } from '@lb/shared/config/schema/root';
import type { StickyResult } from '@lb/shared/metrics/catalog';
import type { Exchange } from '../../request/exchange.ts';
import { type KeySource, parseKeySource, readKey } from '../../request/request-key.ts';
import type { Backend } from '../backend.ts';
import type { Pool } from '../pool.ts';
import { sessionKey, Sessions } from './sessions.ts';
import type { Sticky, Visit } from './sticky.ts';

type TableConfig = Extract<StickyConfig, { mode: 'table' }>;

export class TableSticky implements Sticky {
  readonly keySource: KeySource;
  readonly #sessions: Sessions;

  constructor({ key, ttl }: TableConfig, pool: string) {
    const source = parseKeySource(key);
    if (source === undefined) throw new Error(`a checked configuration has the key ${key}`);
    this.keySource = source;
    this.#sessions = new Sessions(pool, ttl);
  }

  update(backends: readonly Backend[]): void {
    this.#sessions.update(backends);
  }

  /** Only the store knows: those of a split find their pool by their key. */
  owns(): boolean {
    return false;
  }

  visit(exchange: Exchange, pool: Pool): Visit {
    const value = readKey(this.keySource, exchange);
    return new TableVisit(this.#sessions, value, exchange, pool);
  }
}

class TableVisit implements Visit {
  readonly #sessions: Sessions;
  /** undefined for a request of no session; so is the address of a client on a unix socket. */
  readonly #key: string | undefined;
  readonly #exchange: Exchange;
  readonly #pool: Pool;
  #result: StickyResult = 'hit';

  constructor(sessions: Sessions, value: string | undefined, exchange: Exchange, pool: Pool) {
    this.#sessions = sessions;
    this.#key = value ? sessionKey(value) : undefined;
    this.#exchange = exchange;
    this.#pool = pool;
  }

  choose(): Backend | undefined | Promise<Backend | undefined> {
    if (this.#key === undefined) return this.#pool.pick(this.#exchange);
    return this.#sessions.known(this.#key, this.#exchange) ?? this.#find(this.#key);
  }

  answered(): undefined {
    if (this.#key !== undefined) this.#pool.metrics.sticky(this.#result);
  }

  async #find(key: string): Promise<Backend | undefined> {
    const bound = await this.#sessions.find(key, this.#exchange, this.#pool, true);
    // One that has just begun and whose backend failed at once was never anywhere else.
    if (bound !== undefined && this.#result !== 'new') this.#result = bound.result;
    return bound?.backend;
  }
}
