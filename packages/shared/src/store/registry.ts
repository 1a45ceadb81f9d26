/**
 * What the instances that share a store know of each other: who lives, what was changed at run time, and the secret that keys
 * their cookies. Used by the primaries, about once a second.
 */
import type { Invalidation, Purge } from '../model/purge.ts';

export interface Registry {
  /** The secret of all instances: the first that is ever proposed. @throws StoreError */
  secret(proposal: string): Promise<string>;

  /**
   * This instance lives, for `ttlMs` from now.
   * @param id of the instance, the same every time
   * @param facts what it says of itself, as JSON
   * @throws StoreError
   */
  beat(id: string, facts: string, ttlMs: number): Promise<Beat>;

  /** This instance lives no more. @throws StoreError */
  leave(id: string): Promise<void>;

  /** Sets an override for all instances, until it is changed; null takes it back. @throws StoreError */
  setOverride(field: string, value: string | null): Promise<void>;

  /** Takes all overrides back. Returns how many there were. @throws StoreError */
  clearOverrides(): Promise<number>;

  /**
   * Deletes shared answers, a part of them each time it is called.
   * @param addresses of a URL: all that it may have; of a tag: the name of the cache
   * @param cursor what the call before returned; '0' at first
   * @throws StoreError
   */
  purgeStep(purge: Purge, addresses: readonly string[], cursor: string): Promise<PurgeStep>;

  /** Has all instances purge. Returns its place in the log. @throws StoreError */
  logPurge(purge: Purge | Invalidation): Promise<string>;

  /** Where the log ends. @throws StoreError */
  endOfPurges(): Promise<string>;

  /** What came after a place in the log, some of it at a time. @throws StoreError */
  purgesAfter(place: string): Promise<readonly LoggedPurge[]>;

  /** This instance has purged up to a place; null: it purges nothing any more. @throws StoreError */
  purgedUpTo(id: string, place: string | null): Promise<void>;

  /** Up to where each instance has purged. @throws StoreError */
  purgePlaces(): Promise<ReadonlyMap<string, string>>;
}

/** Where to go on; null at the end. */
export interface PurgeStep {
  readonly cursor: string | null;
}

export interface LoggedPurge {
  readonly place: string;
  /** `everything` where nobody can tell any more what it was. */
  readonly purge: Purge | Invalidation | 'everything';
}

/** What an instance hears when it says that it lives. */
export interface Beat {
  /** Facts of every instance that lives, its own included, by their ids. */
  readonly instances: readonly string[];
  readonly overrides: ReadonlyMap<string, string>;
}
