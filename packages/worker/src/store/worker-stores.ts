/**
 * The stores of a worker: the one that the configuration names, behind a guard, and those that stand in for it.
 *
 *     store.type memory    primary ──────────────▶ this worker
 *     store.type redis     Redis ──▶ primary ────▶ this worker
 *
 * Shared answers have a connection of their own: a large one that is under way must not make rate limits wait.
 */
import { isDeepStrictEqual } from 'node:util';
import type { StoreSnapshot } from '@lb/shared/model/store-snapshot';
import type { AnswerOperation } from '@lb/shared/store/answers';
import type { Probeable } from '@lb/shared/store/guard';
import { GuardedAnswers } from '@lb/shared/store/guarded-answers';
import { GuardedStore } from '@lb/shared/store/guarded-store';
import { MemoryBuckets } from '@lb/shared/store/memory-buckets';
import { RedisAnswers } from '@lb/shared/store/redis/redis-answers';
import { RedisConnection } from '@lb/shared/store/redis/redis-connection';
import { RedisStore } from '@lb/shared/store/redis/redis-store';
import type {
  Session,
  SessionStore,
  Store,
  StoreError,
  StoreOperation,
} from '@lb/shared/store/store';
import { DamageLog } from '@lb/shared/store/damage-log';
import type { Clock, Random } from '@lb/shared/time/clock';
import type { Logger } from 'pino';
import { type AgedAnswer, answerFromBytes } from '../cache/answer-bytes.ts';
import type { StoreMetrics } from '../metrics/store-metrics.ts';
import { LimitSource, localLimitStore, type Supply } from './limit-source.ts';
import type { PrimaryStore } from './primary-store.ts';

export interface WorkerStoresSetup {
  readonly primary: PrimaryStore;
  readonly metrics: StoreMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The store went away, with the error, or came back. */
  readonly onChange: (error: StoreError | undefined) => void;
}

/** How many there are to share a limit with. */
export interface Peers {
  /** That share the store, this one included; as last seen. */
  readonly instances: number;
  /** Of this instance. */
  readonly workers: number;
}

/** Sessions alone: tokens come from `limits`. */
export class WorkerStores implements SessionStore {
  readonly limits: LimitSource;
  readonly #setup: WorkerStoresSetup;
  readonly #alone: Supply;
  readonly #damage: DamageLog;
  #settings: StoreSnapshot | undefined;
  #store: GuardedStore | undefined;
  /** The memory of the primary while it stands in for Redis. */
  #standIn: GuardedStore | undefined;
  #answers: GuardedAnswers<AgedAnswer> | undefined;
  #peers: Peers = { instances: 1, workers: 1 };

  constructor(setup: WorkerStoresSetup) {
    this.#setup = setup;
    this.#damage = new DamageLog(setup.log, setup.clock);
    this.#alone = {
      store: localLimitStore(new MemoryBuckets(() => setup.clock.monotonicMs())),
      share: () => 1 / (this.#peers.instances * this.#peers.workers),
    };
    this.limits = new LimitSource(this.#alone.store, [this.#alone]);
  }

  bind(session: Session, proposed: string, ttlMs: number, gone?: string): Promise<string> {
    return this.#current.bind(session, proposed, ttlMs, gone);
  }

  find(session: Session, ttlMs: number): Promise<string | undefined> {
    return this.#current.find(session, ttlMs);
  }

  remember(session: Session, backend: string, ttlMs: number): Promise<void> {
    return this.#current.remember(session, backend, ttlMs);
  }

  /** Resolves when it is known whether the store is there, about a second after the first snapshot named it. */
  async known(): Promise<void> {
    await Promise.all([this.#store?.known, this.#answers?.known]);
  }

  /** Answers of caches that are shared; undefined when none is. */
  get answers(): GuardedAnswers<AgedAnswer> | undefined {
    return this.#answers;
  }

  /** Takes over what a snapshot says; the store stays when it says the same. @param sharesAnswers a cache does */
  apply(settings: StoreSnapshot, peers: Peers, sharesAnswers: boolean): void {
    this.#peers = peers;
    const isSame = isDeepStrictEqual(settings, this.#settings);
    if (!isSame || sharesAnswers !== (this.#answers !== undefined)) {
      void this.#answers?.close();
      this.#answers = sharesAnswers ? this.#openAnswers(settings) : undefined;
    }
    if (isSame) return;
    this.#settings = settings;
    const replaced = [this.#store, this.#standIn];
    const { primary, random } = this.#setup;
    if (settings.redis === null) {
      this.#store = this.#guarded(primary, settings, true);
      this.#standIn = undefined;
      this.limits.use(this.#store, [this.#alone]);
    } else {
      const redis = new RedisStore(new RedisConnection(settings.redis, random));
      this.#store = this.#guarded(redis, settings, true);
      this.#standIn = this.#guarded(primary, settings, false);
      const instance = { store: this.#standIn, share: () => 1 / this.#peers.instances };
      this.limits.use(this.#store, [instance, this.#alone]);
    }
    for (const store of replaced) void store?.close();
  }

  /** Other instances came or went. */
  setInstances(instances: number): void {
    this.#peers = { ...this.#peers, instances };
  }

  async close(): Promise<void> {
    await Promise.all([this.#store?.close(), this.#standIn?.close(), this.#answers?.close()]);
  }

  /** The store that all share. Its operations fail at once while it is away. */
  get #current(): Store {
    if (this.#store === undefined) throw new Error('a store is asked after the first snapshot');
    return this.#store;
  }

  /** That it is away is said by the store that is in the same place. */
  #openAnswers({ redis, timeoutMs }: StoreSnapshot): GuardedAnswers<AgedAnswer> | undefined {
    if (redis === null) return undefined;
    const { clock, random } = this.#setup;
    const answers = new RedisAnswers(new RedisConnection(redis, random), answerFromBytes);
    const hooks = { ...this.#counting(), onChange: () => undefined };
    return new GuardedAnswers(answers, { timeoutMs, clock, random, hooks });
  }

  /** @param isMain it is what the configuration names: what it does is told and counted */
  #guarded(store: Store & Probeable, { timeoutMs }: StoreSnapshot, isMain: boolean): GuardedStore {
    const { clock, random, onChange } = this.#setup;
    const hooks = isMain
      ? { ...this.#counting(), onChange: (_: boolean, error?: StoreError) => onChange(error) }
      : { onChange: () => undefined, onDone: () => undefined, onError: () => undefined };
    return new GuardedStore(store, { timeoutMs, clock, random, hooks });
  }

  #counting() {
    const { metrics } = this.#setup;
    return {
      onDone: (operation: StoreOperation | AnswerOperation, ms: number) =>
        metrics.done(operation, ms),
      onError: (operation: StoreOperation | AnswerOperation, error: StoreError) => {
        metrics.failed(operation);
        this.#damage.report(error);
      },
    };
  }
}
