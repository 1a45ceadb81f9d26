/**
 * A map that forgets what has not been used for long: two generations, the old of which goes when the young one is full. A map in
 * the order of use would have to move an entry at every use, and to find its oldest behind all that were deleted.
 */
export class Generations<V> {
  readonly #most: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  /** @param most entries that are kept at most; half of them at least */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** An entry, which counts as a use of it. */
  get(key: string): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const kept = this.#old.get(key);
    if (kept !== undefined) {
      this.#old.delete(key);
      this.set(key, kept);
    }
    return kept;
  }

  set(key: string, value: V): void {
    if (this.#old.size > 0) this.#old.delete(key);
    this.#young.set(key, value);
    if (this.#young.size * 2 < this.#most) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
