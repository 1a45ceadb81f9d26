/** Stored answers in the memory of the worker, bounded by bytes: what was used longest ago goes first. */
import type { Encoding } from '@lb/shared/model/encoding';
import type { BodyStore } from './body-store.ts';
import type { Entry } from './entry.ts';
import { StoredBody } from './stored-body.ts';
import type { Tier } from './tier.ts';
import { type FieldReader, variantOf } from './vary.ts';

/** The answers of one address. */
interface Variants {
  /** As the newest of them says. */
  readonly vary: readonly string[];
  readonly entries: Map<string, Entry>;
}

/** What is told about it. */
export interface TierEvents {
  /** It takes so many bytes now. */
  onSize(bytes: number): void;
  /** An answer had to go for others. */
  onEviction(): void;
}

export class MemoryTier implements Tier {
  readonly #store: BodyStore;
  readonly #events: TierEvents;
  readonly #byKey = new Map<string, Variants>();
  #maxBytes: number;
  #bytes = 0;
  #oldest: Entry | undefined;
  #newest: Entry | undefined;

  /** @param store where its bodies are */
  constructor(maxBytes: number, store: BodyStore, events: TierEvents) {
    this.#store = store;
    this.#maxBytes = maxBytes;
    this.#events = events;
  }

  get(key: string, request: FieldReader): Entry | undefined {
    const entry = this.peek(key, request);
    if (entry !== undefined && entry !== this.#newest) {
      this.#unlink(entry);
      this.#link(entry);
    }
    return entry;
  }

  /** The same, without it counting as use. */
  peek(key: string, request: FieldReader): Entry | undefined {
    const variants = this.#byKey.get(key);
    if (variants === undefined) return undefined;
    const { vary, entries } = variants;
    return entries.get(vary.length === 0 ? '' : variantOf(vary, request));
  }

  varyOf(key: string): readonly string[] | undefined {
    return this.#byKey.get(key)?.vary;
  }

  put(entry: Entry): void {
    const { key, variant, answer } = entry;
    // First: it may have the body of the one that it replaces.
    const isKept = entry.sizeBytes <= this.#maxBytes;
    if (isKept) entry.hold();
    const before = this.#byKey.get(key);
    const isSame = before !== undefined && isEqual(before.vary, answer.vary);
    // Those that were chosen by other fields cannot be found any more.
    if (before !== undefined && !isSame) this.#removeVariants(before);
    const variants = isSame ? before : { vary: answer.vary, entries: new Map<string, Entry>() };
    const replaced = variants.entries.get(variant);
    if (replaced !== undefined) this.remove(replaced);
    if (!isKept) return;
    variants.entries.set(variant, entry);
    this.#byKey.set(key, variants);
    entry.isStored = true;
    this.#link(entry);
    this.#resize(entry.sizeBytes);
    this.#evict();
  }

  keepCoded(entry: Entry, encoding: Encoding, pieces: readonly Buffer[]): void {
    if (!entry.isStored || entry.codedBody(encoding) !== undefined) return;
    const before = entry.sizeBytes;
    entry.keepCoded(encoding, StoredBody.of(this.#store, pieces));
    this.#resize(entry.sizeBytes - before);
    this.#evict();
  }

  remove(entry: Entry): void {
    if (!entry.isStored) return;
    entry.isStored = false;
    const variants = this.#byKey.get(entry.key);
    variants?.entries.delete(entry.variant);
    if (variants?.entries.size === 0) this.#byKey.delete(entry.key);
    this.#unlink(entry);
    this.#resize(-entry.sizeBytes);
    entry.release();
  }

  removeAll(key: string): void {
    const variants = this.#byKey.get(key);
    if (variants !== undefined) this.#removeVariants(variants);
  }

  /** Takes out what is meant. @returns how many there were */
  purge(isMeant: (entry: Entry) => boolean): number {
    let count = 0;
    for (const { entries } of this.#byKey.values()) {
      for (const entry of entries.values()) {
        if (!isMeant(entry)) continue;
        this.remove(entry);
        count++;
      }
    }
    return count;
  }

  /** Answers in it. */
  get count(): number {
    let count = 0;
    for (const { entries } of this.#byKey.values()) count += entries.size;
    return count;
  }

  /** Another bound: what does not fit goes. */
  limit(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evict();
  }

  /** Forgets everything. */
  clear(): void {
    while (this.#oldest !== undefined) this.remove(this.#oldest);
  }

  #removeVariants({ entries }: Variants): void {
    for (const entry of entries.values()) this.remove(entry);
  }

  #evict(): void {
    while (this.#bytes > this.#maxBytes && this.#oldest !== undefined) {
      this.remove(this.#oldest);
      this.#events.onEviction();
    }
  }

  #resize(byBytes: number): void {
    this.#bytes += byBytes;
    this.#events.onSize(this.#bytes);
  }

  #link(entry: Entry): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry): void {
    const { older, newer } = entry;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    entry.older = undefined;
    entry.newer = undefined;
  }
}

function isEqual(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, i) => name === other[i]);
}
