/** Where stored answers are kept. */
import type { Encoding } from '@lb/shared/model/encoding';
import type { Entry } from './entry.ts';
import type { Lease } from './lease.ts';
import type { FieldReader } from './vary.ts';

export interface Tier {
  /** The variant of an address that fits a request; undefined when there is none. */
  get(key: string, request: FieldReader): Entry | undefined;
  /** What the variants of an address differ by; undefined when there are none. */
  varyOf(key: string): readonly string[] | undefined;
  /**
   * Takes the place of the variant that there was, and holds its body. One that is too large for the tier is not kept.
   * @param lease by which it was fetched; ended with it
   */
  put(entry: Entry, lease?: Lease): void;
  /** Keeps the body of an entry in a content coding as well, as long as the entry is there. @param pieces of it, in their order */
  keepCoded(entry: Entry, encoding: Encoding, pieces: readonly Buffer[]): void;
  /** Takes one variant out; nothing when it is not there any more. */
  remove(entry: Entry): void;
  /** Takes all variants of an address out. */
  removeAll(key: string): void;
}
