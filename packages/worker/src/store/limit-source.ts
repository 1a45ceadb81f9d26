/**
 * Where tokens come from: the store, and while it is away whoever stands in for it with a share of the limit.
 *
 *     Redis ──away──▶ memory of the primary, 1 / instances ──away──▶ this worker alone, 1 / workers of all instances
 */
import type { MemoryBuckets } from '@lb/shared/store/memory-buckets';
import { type Bucket, type Store, StoreError, type Taken } from '@lb/shared/store/store';

/** A store that says when it is away, and then fails at once. */
export type LimitStore = Pick<Store, 'take'> & { readonly isUp: boolean };

/** A store, and which part of a limit it may give out. */
export interface Supply {
  readonly store: LimitStore;
  /** Above 0 and at most 1. */
  readonly share: () => number;
}

/** What came of it, and whether the store had to be done without. */
export interface Supplied {
  readonly taken: Taken;
  readonly isDegraded: boolean;
}

export class LimitSource {
  #main: LimitStore;
  #standIns: readonly Supply[];

  /** @param standIns in the order in which they are asked; the last one never fails */
  constructor(main: LimitStore, standIns: readonly Supply[]) {
    this.#main = main;
    this.#standIns = standIns;
  }

  /** Tokens come from others from now on. @param standIns as above */
  use(main: LimitStore, standIns: readonly Supply[]): void {
    this.#main = main;
    this.#standIns = standIns;
  }

  /** `Store.take` of the store that all share. @throws StoreError when it is away */
  async take(buckets: readonly Bucket[], want: number): Promise<Supplied> {
    return { taken: await this.#main.take(buckets, want), isDegraded: false };
  }

  /** Same, of the first that can while the store cannot. */
  async takeElsewhere(buckets: readonly Bucket[], want: number): Promise<Supplied> {
    for (const { store, share } of this.#standIns) {
      if (!store.isUp) continue;
      try {
        const taken = await store.take(partsOf(buckets, share()), want);
        return { taken, isDegraded: true };
      } catch (error) {
        // It is away as well: the next one stands in.
        if (!(error instanceof StoreError)) throw error;
      }
    }
    throw new StoreError('unreachable', 'nobody stands in for the store');
  }

  /** Of the store, or of who stands in for it. */
  async takeAnywhere(buckets: readonly Bucket[], want: number): Promise<Supplied> {
    if (!this.#main.isUp) return this.takeElsewhere(buckets, want);
    try {
      return await this.take(buckets, want);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return this.takeElsewhere(buckets, want);
    }
  }

  get isUp(): boolean {
    return this.#main.isUp;
  }
}

/** Buckets in this worker's memory, as a store that is never away. */
export function localLimitStore(buckets: MemoryBuckets): LimitStore {
  return { isUp: true, take: (asked, want) => Promise.resolve(buckets.take(asked, want)) };
}

/** Who may use a part of a limit uses smaller buckets that fill more slowly; a request at a time is always possible. */
function partsOf(buckets: readonly Bucket[], share: number): readonly Bucket[] {
  if (share === 1) return buckets;
  return buckets.map(({ key, intervalUs, burst }) => ({
    key,
    intervalUs: intervalUs / share,
    burst: Math.max(1, Math.floor(burst * share)),
  }));
}
