/** What keys are looked up in: a circle of places, each of which belongs to a backend. A key takes the first that can. */
import type { Hash64 } from './xxh64.ts';

/** A backend, as far as its places depend on it. */
export interface Member {
  /** Unique among the members: what is hashed. */
  readonly name: string;
  /** Above 0. */
  readonly weight: number;
}

export interface Circle {
  /** Whose each place is: an index into the members that the circle was made of. None without members. */
  readonly owners: Uint32Array;
  /** Where a key with this hash begins; the next places follow, and after the last comes the first. */
  placeOf(hash: Hash64): number;
}
