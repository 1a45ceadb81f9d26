/**
 * One rate limit in one worker. A request takes a token; tokens come from the store, or from those in hand.
 *
 *     spend ── in hand ──────────────────────▶ allowed        a client that comes often: no trip to the store
 *       ├───── known to be empty until T ────▶ refused        a client that comes too often: no trip either
 *       └───── neither ──▶ ask the store ────▶ one or the other; who comes meanwhile waits for the same answer
 *
 * When tokens go fast, the next ones are fetched before those in hand are used up: `LEASE_MS` worth of them, at most a tenth of a
 * bucket. They are out of the bucket from then on, so all workers together never give out more than there are; but they may be
 * used later than they were taken. In any stretch of time a client may so get up to one lease a worker more than the limit says.
 */
import type { RateLimitConfig } from '@lb/shared/config/schema/root';
import { Generations } from '@lb/shared/store/generations';
import { MemoryBuckets } from '@lb/shared/store/memory-buckets';
import { type BucketLevel, StoreError } from '@lb/shared/store/store';
import type { Clock } from '@lb/shared/time/clock';
import type { KeyedRequest } from '../request/request-key.ts';
import type { LimitSource, Supplied } from '../store/limit-source.ts';
import type { LimitMetrics } from '../metrics/limit-metrics.ts';
import { LimitEntry } from './limit-entry.ts';
import { compileLimitKey, type LimitKey } from './limit-key.ts';
import { linesStart, policyItem } from './rate-limit-fields.ts';

/** What is fetched ahead lasts so long. */
const LEASE_MS = 50;

/** Part of a bucket that one worker takes ahead at most. */
const LEASE_SHARE = 0.1;

/** Clients that a worker remembers for each limit; about 5 MB. */
const MOST_ENTRIES = 16_384;

/** What became of an attempt to take a token without asking anybody. `free`: there is no limit now, no token was taken. */
export type Spent = 'allowed' | 'free' | 'refused' | 'unknown';

/** What is done with those who wait when nobody may stand in for the store. */
type WithoutStore = 'open' | 'closed';

export interface LimiterSetup {
  readonly name: string;
  readonly config: RateLimitConfig;
  readonly clock: Clock;
  readonly metrics: LimitMetrics;
  readonly source: LimitSource;
}

export class Limiter {
  readonly name: string;
  readonly metrics: LimitMetrics;
  /** Clients are told of it. */
  readonly isTold: boolean;
  /** How RateLimit-Policy names it. */
  readonly policyItem: string;
  /** What a client is told where it is the only limit, up to what changes. */
  readonly linesStart: string;
  readonly #config: RateLimitConfig;
  readonly #key: LimitKey;
  readonly #clock: Clock;
  readonly #source: LimitSource;
  readonly #entries = new Generations<LimitEntry>(MOST_ENTRIES);
  /** For `scope: worker`, which asks nobody. */
  readonly #own: MemoryBuckets | undefined;
  readonly #intervalUs: number;
  readonly #mostLease: number;

  constructor({ name, config, clock, metrics, source }: LimiterSetup) {
    this.name = name;
    this.metrics = metrics;
    this.isTold = config.headers && !config.shadow;
    this.policyItem = policyItem({ name, config });
    this.linesStart = linesStart(name, this.policyItem);
    this.#config = config;
    this.#clock = clock;
    this.#source = source;
    this.#key = compileLimitKey(config.key, config.ipv6Prefix);
    this.#intervalUs = 1e6 / config.rate;
    this.#mostLease = Math.floor(
      Math.min(config.burst * LEASE_SHARE, (config.rate * LEASE_MS) / 1_000),
    );
    if (config.scope === 'worker') {
      this.#own = new MemoryBuckets(() => clock.monotonicMs(), MOST_ENTRIES);
    }
  }

  get config(): RateLimitConfig {
    return this.#config;
  }

  get source(): LimitSource {
    return this.#source;
  }

  /** Whoever the request is counted for. */
  entryOf(request: KeyedRequest): LimitEntry {
    const key = this.#key.of(request);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const entry = new LimitEntry({
      key: `${this.name}:${this.#key.publish(key)}`,
      intervalUs: this.#intervalUs,
      burst: this.#config.burst,
    });
    this.#entries.set(key, entry);
    return entry;
  }

  /** The same, where it was seen here before. */
  knownOf(request: KeyedRequest): LimitEntry | undefined {
    return this.#entries.get(this.#key.of(request));
  }

  /** Takes a token where nobody has to be asked for it. */
  spend(entry: LimitEntry, nowMs: number): Spent {
    if (this.#own !== undefined) return this.#spendOwn(entry, this.#own, nowMs);
    const tokens = entry.tokens(nowMs);
    if (tokens > 0) {
      entry.spend();
      if (tokens <= entry.lowWater && !entry.isAsking) this.#fetch(entry, nowMs);
      return 'allowed';
    }
    if (entry.refusedForMs(nowMs) > 0) return 'refused';
    const { onStoreDown } = this.#config;
    if (onStoreDown === 'local' || this.#source.isUp) return 'unknown';
    entry.isDegraded = true;
    return onStoreDown === 'open' ? 'free' : 'refused';
  }

  /** Puts back what `spend` took. */
  unspend(entry: LimitEntry): void {
    if (this.#own === undefined) entry.unspend();
    else this.#own.giveBack(entry.bucket, 1);
  }

  /** Takes a token after `spend` did not know; waits for the store. */
  ask(entry: LimitEntry, nowMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      entry.waiting.push(resolve);
      if (!entry.isAsking) this.#fetch(entry, nowMs);
    });
  }

  /** Keeps what the store said of a bucket that was asked together with others. */
  note(entry: LimitEntry, level: BucketLevel, isDegraded: boolean): void {
    entry.fill(0, level, this.#clock.monotonicMs());
    entry.isDegraded = isDegraded;
  }

  #spendOwn(entry: LimitEntry, own: MemoryBuckets, nowMs: number): Spent {
    const { granted, levels } = own.take([entry.bucket], 1);
    const [level] = levels;
    if (level !== undefined) entry.fill(0, level, nowMs);
    return granted === 1 ? 'allowed' : 'refused';
  }

  /** Asks for those who wait, and ahead. */
  #fetch(entry: LimitEntry, nowMs: number): void {
    const { length } = entry.waiting;
    const lease = Math.min(this.#mostLease, Math.floor(entry.expected(LEASE_MS, nowMs)));
    const ahead = lease > 1 ? Math.max(0, lease - entry.tokens(nowMs)) : 0;
    entry.lowWater = lease > 1 ? lease >> 1 : 0;
    if (length + ahead === 0) return;
    entry.isAsking = true;
    void this.#supply(entry, length + ahead).then((outcome) => {
      entry.isAsking = false;
      this.#settle(entry, outcome, length + ahead);
    });
  }

  async #supply(entry: LimitEntry, want: number): Promise<Supplied | WithoutStore> {
    const { onStoreDown } = this.#config;
    const source = this.#source;
    if (onStoreDown === 'local') return source.takeAnywhere([entry.bucket], want);
    try {
      return await source.take([entry.bucket], want);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return onStoreDown;
    }
  }

  /** Answers those who wait, as far as the tokens go. */
  #settle(entry: LimitEntry, outcome: Supplied | WithoutStore, wanted: number): void {
    const { waiting } = entry;
    if (typeof outcome === 'string') {
      entry.isDegraded = true;
      for (const answer of waiting.splice(0)) answer(outcome === 'open');
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    const { granted, levels } = outcome.taken;
    const [level] = levels;
    if (level !== undefined) entry.fill(granted, level, nowMs);
    entry.isDegraded = outcome.isDegraded;
    let tokens = entry.tokens(nowMs);
    for (; tokens > 0 && waiting.length > 0; tokens--) {
      entry.spend();
      waiting.shift()?.(true);
    }
    if (waiting.length === 0) return;
    // There was all that was wanted: who came since may find more. If not, they know now that there is none.
    if (granted === wanted) this.#fetch(entry, nowMs);
    else for (const answer of waiting.splice(0)) answer(false);
  }
}
