/**
 * What the instances that share a store know of each other: who lives, what was changed at run time, and the secret that keys
 * their cookies. Used by the primaries, about once a second.
 */
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
}

/** What an instance hears when it says that it lives. */
export interface Beat {
  /** Facts of every instance that lives, its own included, by their ids. */
  readonly instances: readonly string[];
  readonly overrides: ReadonlyMap<string, string>;
}
