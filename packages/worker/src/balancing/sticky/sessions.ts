/**
 * Which backend a session has: this worker's own map in front of the store, through which all workers and instances agree.
 *
 *     known ──▶ in the map, its backend up ever since? ── yes ──▶ that one; the store is asked behind its back now and then
 *     find  ──▶ no: ask the store, and bind the session where it has no backend that can take it
 *
 * While the store is away the map goes on alone: no request fails for it. What was decided without the store is asked about
 * by every request, so that it lasts no longer than the absence.
 */
import { hash } from 'node:crypto';
import { Generations } from '@lb/shared/store/generations';
import { StoreError } from '@lb/shared/store/store';
import type { StickyResult } from '@lb/shared/metrics/catalog';
import type { Exchange } from '../../request/exchange.ts';
import type { Services } from '../../request/services.ts';
import { traceStoreCall } from '../../tracing/store-span.ts';
import type { Backend } from '../backend.ts';
import type { Pool } from '../pool.ts';
import { isUsable } from './sticky.ts';

/** About 20 MB; beyond it the store is asked more often. */
const MOST_SESSIONS = 100_000;

/** What is older is asked about in the store while the request goes its way; that also keeps the session alive there. */
const CONFIRM_MS = 5_000;

/** What is older is asked about first: another instance may have bound the session anew meanwhile. */
const TRUST_MS = 60_000;

/** Characters of a key: 131 bits. */
const KEY_LENGTH = 22;

/** A session that has a backend. */
export interface Bound {
  readonly backend: Backend;
  readonly result: StickyResult;
}

interface Entry {
  readonly backend: Backend;
  /** Those of the backend when it was bound: one more, and what was known is worth nothing. */
  readonly outages: number;
  /** The store has it as well, as far as this worker knows. */
  isAgreed: boolean;
  checkedMs: number;
}

/** Stands for a value that clients are known by: it may be a secret, and must be in no store and no log. */
export function sessionKey(value: string): string {
  return hash('sha256', value, 'base64url').slice(0, KEY_LENGTH);
}

export class Sessions {
  readonly #pool: string;
  readonly #ttlMs: number;
  readonly #confirmMs: number;
  readonly #trustMs: number;
  readonly #entries = new Generations<Entry>(MOST_SESSIONS);
  #byName: ReadonlyMap<string, Backend> = new Map();

  constructor(pool: string, ttlMs: number) {
    this.#pool = pool;
    this.#ttlMs = ttlMs;
    // A session that is in use must not run out in the store because it is known here.
    this.#confirmMs = Math.min(CONFIRM_MS, ttlMs / 4);
    this.#trustMs = Math.min(TRUST_MS, ttlMs);
  }

  update(backends: readonly Backend[]): void {
    this.#byName = new Map(backends.map((backend) => [backend.name, backend]));
  }

  /** The backend that this worker is sure of; undefined: ask `find`. */
  known(key: string, exchange: Exchange): Backend | undefined {
    const entry = this.#entries.get(key);
    if (!entry?.isAgreed || !this.#stands(entry) || !isUsable(entry.backend, exchange)) return;
    const { services } = exchange;
    const nowMs = services.clock.monotonicMs();
    const ageMs = nowMs - entry.checkedMs;
    if (ageMs >= this.#trustMs) return;
    if (ageMs >= this.#confirmMs) {
      entry.checkedMs = nowMs;
      void this.#confirm(key, entry, services);
    }
    return entry.backend;
  }

  /**
   * The backend of a session by the store's word. One that has none, or one that cannot take the request, gets the policy's
   * choice, unless another worker was first with its own.
   * @param mayBegin a session that nobody knows is bound as well; else it stays unknown
   * @returns undefined when no backend is left, or the session stays unknown
   */
  async find(
    key: string,
    exchange: Exchange,
    pool: Pool,
    mayBegin: boolean,
  ): Promise<Bound | undefined> {
    try {
      return await this.#agree(key, exchange, pool, mayBegin);
    } catch (error) {
      if (!isAway(error)) throw error;
      return this.#decide(key, exchange, pool, mayBegin);
    }
  }

  /** The session has this backend from now on; resolves when the store knows it, or cannot be told. */
  async remember(key: string, backend: Backend, exchange: Exchange): Promise<void> {
    const { services } = exchange;
    const entry = this.#set(key, backend, services, false);
    try {
      const session = { pool: this.#pool, key };
      const call = services.store.remember(session, backend.name, this.#ttlMs);
      await traceStoreCall(exchange, 'remember', call);
      entry.isAgreed = true;
    } catch (error) {
      if (!isAway(error)) throw error;
    }
  }

  /** Whether this worker and the store knew already that the session has this backend. */
  has(key: string, backend: Backend): boolean {
    const entry = this.#entries.get(key);
    return entry?.isAgreed === true && entry.backend === backend && this.#stands(entry);
  }

  /** The session is over; the store forgets it by itself. */
  forget(key: string): void {
    this.#entries.delete(key);
  }

  /** @throws StoreError when the store is away */
  async #agree(
    key: string,
    exchange: Exchange,
    pool: Pool,
    mayBegin: boolean,
  ): Promise<Bound | undefined> {
    const { services } = exchange;
    const session = { pool: this.#pool, key };
    const asked = await traceStoreCall(exchange, 'find', services.store.find(session, this.#ttlMs));
    // A store that has forgotten what is known here is told again.
    const before = asked ?? this.#remembered(key, services);
    if (before === undefined && !mayBegin) return undefined;
    const kept = this.#usable(before, exchange);
    if (kept !== undefined && asked !== undefined) {
      this.#set(key, kept, services, true);
      return { backend: kept, result: 'hit' };
    }
    const proposed = kept ?? pool.pick(exchange);
    if (proposed === undefined) return undefined;
    const gone = kept === undefined ? before : undefined;
    const agreed = await traceStoreCall(
      exchange,
      'bind',
      services.store.bind(session, proposed.name, this.#ttlMs, gone),
    );
    // What the others have agreed on may be out of this worker's reach.
    const backend = this.#usable(agreed, exchange) ?? proposed;
    this.#set(key, backend, services, backend.name === agreed);
    const isOurs = backend === proposed && backend.name !== before;
    return { backend, result: isOurs ? moved(before) : 'hit' };
  }

  /** By what is known here alone. */
  #decide(key: string, exchange: Exchange, pool: Pool, mayBegin: boolean): Bound | undefined {
    const before = this.#remembered(key, exchange.services);
    if (before === undefined && !mayBegin) return undefined;
    const kept = this.#usable(before, exchange);
    const backend = kept ?? pool.pick(exchange);
    if (backend === undefined) return undefined;
    this.#set(key, backend, exchange.services, false);
    return { backend, result: kept === undefined ? moved(before) : 'hit' };
  }

  #usable(name: string | undefined, exchange: Exchange): Backend | undefined {
    const backend = name === undefined ? undefined : this.#byName.get(name);
    return backend !== undefined && isUsable(backend, exchange) ? backend : undefined;
  }

  #set(key: string, backend: Backend, { clock }: Services, isAgreed: boolean): Entry {
    const { outages } = backend;
    const entry = { backend, outages, isAgreed, checkedMs: clock.monotonicMs() };
    this.#entries.set(key, entry);
    return entry;
  }

  /** The backend is still one of the pool, and has been able to take requests all the time. */
  #stands({ backend, outages }: Entry): boolean {
    return backend.outages === outages && this.#byName.get(backend.name) === backend;
  }

  /** The backend that the session had here within its time, whatever became of it. */
  #remembered(key: string, { clock }: Services): string | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || clock.monotonicMs() - entry.checkedMs >= this.#ttlMs) return;
    return entry.backend.name;
  }

  async #confirm(key: string, entry: Entry, services: Services): Promise<void> {
    try {
      const session = { pool: this.#pool, key };
      const { name } = entry.backend;
      const agreed = await services.store.bind(session, name, this.#ttlMs);
      if (agreed === name || this.#entries.get(key) !== entry) return;
      const backend = this.#byName.get(agreed);
      if (backend === undefined) this.forget(key);
      else this.#set(key, backend, services, true);
    } catch (error) {
      if (!isAway(error)) throw error;
    }
  }
}

/** The store is away: it is counted and logged where it is looked after, and sessions go on without it. */
function isAway(error: unknown): boolean {
  return error instanceof StoreError;
}

function moved(before: string | undefined): StickyResult {
  return before === undefined ? 'new' : 'rebound';
}
