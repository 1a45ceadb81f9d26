/**
 * The second tier: answers that are missing here may be in Redis, and those that come here go there. Requests are answered out of
 * memory alone; what is found in Redis is put there first. While Redis is away there is only the memory.
 */
import type { Encoding } from '@lb/shared/model/encoding';
import type { AnswerStore, Asked } from '@lb/shared/store/answers';
import type { Clock, Random } from '@lb/shared/time/clock';
import { type AgedAnswer, answerToBytes } from './answer-bytes.ts';
import { placeOf, purgeableKey } from './answer-places.ts';
import type { BodyStore } from './body-store.ts';
import { Entry } from './entry.ts';
import { ignoringStore, Lease, LEASE_MS } from './lease.ts';
import type { MemoryTier } from './memory-tier.ts';
import type { StoredAnswer } from './stored-answer.ts';
import { StoredBody } from './stored-body.ts';
import type { Tier } from './tier.ts';
import { type FieldReader, variantOf } from './vary.ts';

/** The shared store; it fails at once while it is away. */
export type SharedAnswers = AnswerStore<AgedAnswer> & { readonly isUp: boolean };

export interface SharedTierSetup {
  /** Name of the cache. */
  readonly name: string;
  readonly memory: MemoryTier;
  /** Where the bodies of the memory are. */
  readonly store: BodyStore;
  readonly answers: SharedAnswers;
  readonly clock: Clock;
  readonly random: Random;
}

/** What there is of a missing answer. */
export type Found =
  | { readonly kind: 'stored'; readonly stored: FoundAnswer }
  /** Nobody else fetches it. `stale` may be validated. */
  | { readonly kind: 'yours'; readonly lease: Lease; readonly stale: FoundAnswer | undefined }
  | { readonly kind: 'taken' | 'passed' | 'none' };

/** An answer that is in Redis, and not in the memory yet. */
export interface FoundAnswer {
  readonly key: string;
  readonly variant: string;
  readonly answer: StoredAnswer;
  /** When its head came, on this worker's monotonic clock. */
  readonly receivedMs: number;
}

/** Addresses that are remembered for it; the oldest go first. */
const MOST_OWED = 10_000;

/** An address whose answers differ by one thing now, another thing later, is not followed for ever. */
const MOST_TURNS = 3;

export class SharedTier implements Tier {
  readonly #setup: SharedTierSetup;
  /** How leases of this tier, and of no other in the world, begin. */
  readonly #tokens: string;
  #taken = 0;
  /** Addresses that could not be forgotten because Redis was away: nothing is looked for before they are. */
  readonly #owed = new Set<string>();

  constructor(setup: SharedTierSetup) {
    this.#setup = setup;
    const { random } = setup;
    this.#tokens = `${random().toString(36).slice(2)}${random().toString(36).slice(2)}`;
  }

  get isUp(): boolean {
    return this.#setup.answers.isUp;
  }

  get(key: string, request: FieldReader): Entry | undefined {
    return this.#setup.memory.get(key, request);
  }

  varyOf(key: string): readonly string[] | undefined {
    return this.#setup.memory.varyOf(key);
  }

  put(entry: Entry, lease?: Lease): void {
    this.#setup.memory.put(entry);
    this.#share(entry, lease);
  }

  remove(entry: Entry): void {
    const { memory, answers, name } = this.#setup;
    memory.remove(entry);
    const { key, answer, variant } = entry;
    void ignoringStore(answers.drop(placeOf(name, key, answer.vary, variant)));
  }

  removeAll(key: string): void {
    this.#setup.memory.removeAll(key);
  }

  keepCoded(entry: Entry, encoding: Encoding, pieces: readonly Buffer[]): void {
    this.#setup.memory.keepCoded(entry, encoding, pieces);
  }

  /** Takes all variants of these keys out of Redis, with the leases of those that are being fetched. */
  forget(keys: readonly string[]): void {
    for (const key of keys) this.#owed.add(`${this.#setup.name} ${purgeableKey(key)}`);
    for (const oldest of this.#owed) {
      if (this.#owed.size <= MOST_OWED) break;
      this.#owed.delete(oldest);
    }
    void ignoringStore(this.#payOwed());
  }

  /**
   * Looks for a missing answer. What is stored is not in the memory yet: it may have been purged while it was on its way.
   * @param wants the right to fetch it, where it is not there
   * @throws StoreError
   */
  async find(key: string, request: FieldReader, wants: boolean): Promise<Found> {
    const { name, answers } = this.#setup;
    const claim = wants ? { token: `${this.#tokens}-${++this.#taken}`, ms: LEASE_MS } : undefined;
    if (this.#owed.size > 0) await this.#payOwed();
    let vary = this.varyOf(key) ?? [];
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      const place = placeOf(name, key, vary, variantOf(vary, request));
      const asked: Asked<AgedAnswer> = await answers.ask(place, claim);
      switch (asked.kind) {
        case 'varies':
          vary = asked.vary === '' ? [] : asked.vary.split(',');
          break;
        case 'stored':
          return { kind: 'stored', stored: this.#foundOf(key, request, asked) };
        case 'yours': {
          if (claim === undefined) throw new Error('a lease that nobody wanted');
          const stale = asked.stale && this.#foundOf(key, request, asked.stale);
          const lease = new Lease(answers, { place, token: claim.token });
          return { kind: 'yours', lease, stale };
        }
        case 'taken':
        case 'passed':
        case 'none':
          return { kind: asked.kind };
      }
    }
    return { kind: 'none' };
  }

  /** Puts what was found where requests are answered from. @param use it is there until this returns, if not longer */
  adopt({ key, variant, answer, receivedMs }: FoundAnswer, use?: (entry: Entry) => void): Entry {
    const { memory, store } = this.#setup;
    const { body: bytes, ...head } = answer;
    const body = StoredBody.of(store, [bytes]);
    const entry = new Entry({ key, variant, answer: head, body }, receivedMs);
    memory.put(entry);
    try {
      use?.(entry);
    } finally {
      body.release();
    }
    return entry;
  }

  /** What is asked for behind it comes after it: there is one connection. @throws StoreError when it is owed still */
  async #payOwed(): Promise<void> {
    const addresses = [...this.#owed];
    this.#owed.clear();
    try {
      await this.#setup.answers.forget(addresses);
    } catch (error) {
      for (const address of addresses) this.#owed.add(address);
      throw error;
    }
  }

  #share(entry: Entry, lease: Lease | undefined): void {
    const { answers, clock, name } = this.#setup;
    const { key, variant, answer } = entry;
    const nowMs = clock.monotonicMs();
    const freshMs = Math.floor(entry.freshMs(nowMs));
    if (freshMs <= 0 || !answers.isUp) {
      void lease?.letGo('passed');
      return;
    }
    const { staleWhileRevalidateMs, staleIfErrorMs } = answer.freshness;
    const usefulMs = freshMs + Math.ceil(Math.max(staleWhileRevalidateMs, staleIfErrorMs));
    const whole = { ...answer, body: entry.body.copy() };
    const bytes = answerToBytes({ answer: whole, ageMs: entry.ageMs(nowMs) });
    const keeping = { bytes, freshMs, usefulMs, tags: answer.tags };
    // One that has ended was lost: then the store has something newer, or this was purged.
    if (lease?.use() === false) return;
    const place = placeOf(name, key, answer.vary, variant);
    void ignoringStore(answers.keep(place, keeping, lease?.held));
  }

  #foundOf(
    key: string,
    request: FieldReader,
    {
      answer: { answer, ageMs },
      ageMs: keptMs,
    }: { readonly answer: AgedAnswer; readonly ageMs: number },
  ): FoundAnswer {
    const nowMs = this.#setup.clock.monotonicMs();
    const receivedMs = nowMs - (ageMs + keptMs) + answer.freshness.initialAgeMs;
    return { key, variant: variantOf(answer.vary, request), answer, receivedMs };
  }
}
