/**
 * What workers and instances agree through: buckets of tokens for rate limits, and which backend a session belongs to. It says
 * what is meant; how it is kept is for those who implement it: memory in the primary, or Redis.
 *
 *     worker ── take, bind, find, remember ──▶ store ◀── the same ── other workers, other instances
 *
 * Every operation is atomic over all who ask. One that cannot be done rejects with a StoreError; callers go on without the
 * store then, no request fails because of it.
 */

/** Whose tokens, how many there can be, and how fast they come back. @see RateLimit in config/schema/rate-limit.ts */
export interface Bucket {
  /** `limit:who`, printable ASCII without spaces, at most 200 characters. */
  readonly key: string;
  /** In which one token comes back, in microseconds; may have a fraction. */
  readonly intervalUs: number;
  /** Tokens in a full bucket, at least 1. A bucket that nobody knows is full. */
  readonly burst: number;
}

/** How a bucket stands after it was asked. */
export interface BucketLevel {
  /** Whole tokens in it. */
  readonly remaining: number;
  /** Milliseconds until there is a token; 0 when there is one. */
  readonly retryMs: number;
  /** Milliseconds until it is full. */
  readonly resetMs: number;
}

/** What came of a take. */
export interface Taken {
  /** Tokens taken out of each of the buckets; 0 when nothing was taken out of any. */
  readonly granted: number;
  /** In the order of the buckets. */
  readonly levels: readonly BucketLevel[];
}

/** A session: the pool that it is in, and what tells it from others. */
export interface Session {
  readonly pool: string;
  /** Bounded and printable, like the key of a bucket. */
  readonly key: string;
}

export interface Store {
  /**
   * Takes tokens by the generic cell rate algorithm: as many as every one of the buckets has, at most `want`, the same number
   * out of each; where one is empty, nothing out of any. The clock is the store's own.
   * @param want at least 1
   * @see ITU-T I.371 annex A; https://brandur.org/rate-limiting
   */
  take(buckets: readonly Bucket[], want: number): Promise<Taken>;

  /**
   * The backend of a session; one that has none, or has the one that is gone, gets the proposed one. Who asks at the same
   * moment gets the same answer. The session lives `ttlMs` from now.
   * @param gone name of a backend that the session cannot go to any more
   */
  bind(session: Session, proposed: string, ttlMs: number, gone?: string): Promise<string>;

  /** The backend of a session, which lives `ttlMs` from now; undefined for one that has none. */
  find(session: Session, ttlMs: number): Promise<string | undefined>;

  /** The session belongs to this backend from now on, whatever was before. */
  remember(session: Session, backend: string, ttlMs: number): Promise<void>;
}

/** What sticky sessions need of a store. */
export type SessionStore = Pick<Store, 'bind' | 'find' | 'remember'>;

/** The operations, as metrics name them. */
export const STORE_OPERATIONS = ['take', 'bind', 'find', 'remember'] as const;

export type StoreOperation = (typeof STORE_OPERATIONS)[number];

/**
 * Why a store could not do it. `timeout`: no answer in time. `unreachable`: no connection. `refused`: it answered that it will not
 * (wrong password, read-only, loading, out of memory). `damaged`: what stands under this key is none of ours; others are fine.
 */
export type StoreFailure = 'timeout' | 'unreachable' | 'refused' | 'damaged';

export class StoreError extends Error {
  readonly failure: StoreFailure;

  constructor(failure: StoreFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.failure = failure;
  }
}
