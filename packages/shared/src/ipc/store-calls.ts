/** The operations of the memory store on their way from a worker to the primary, and what came of them. */
import type { Bucket, Session, Taken } from '../store/store.ts';

/** One operation, with its arguments by the names that `Store` gives them. */
export type StoreCall =
  | { readonly op: 'take'; readonly buckets: readonly Bucket[]; readonly want: number }
  | {
      readonly op: 'bind';
      readonly session: Session;
      readonly proposed: string;
      readonly ttlMs: number;
      readonly gone: string | undefined;
    }
  | { readonly op: 'find'; readonly session: Session; readonly ttlMs: number }
  | {
      readonly op: 'remember';
      readonly session: Session;
      readonly backend: string;
      readonly ttlMs: number;
    };

/** What it returns. */
export type StoreResult = Taken | string | undefined;
