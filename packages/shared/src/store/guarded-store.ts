/** A store that never makes a request wait longer than the timeout, whatever happens to it. @see Guard */
import { Guard, type GuardOptions, type Probeable } from './guard.ts';
import type { Bucket, Session, Store, StoreError, StoreOperation, Taken } from './store.ts';

export class GuardedStore implements Store {
  readonly #store: Store;
  readonly #guard: Guard<StoreOperation>;

  /** Begins to probe; `close()` ends the store with it. */
  constructor(store: Store & Probeable, options: GuardOptions<StoreOperation>) {
    this.#store = store;
    this.#guard = new Guard(store, options);
  }

  get isUp(): boolean {
    return this.#guard.isUp;
  }

  /** Resolves when it is known whether the store is there: within about a second. */
  get known(): Promise<void> {
    return this.#guard.known;
  }

  /** Why it is down. */
  get error(): StoreError | undefined {
    return this.#guard.error;
  }

  take(buckets: readonly Bucket[], want: number): Promise<Taken> {
    return this.#guard.run('take', () => this.#store.take(buckets, want));
  }

  bind(session: Session, proposed: string, ttlMs: number, gone?: string): Promise<string> {
    return this.#guard.run('bind', () => this.#store.bind(session, proposed, ttlMs, gone));
  }

  find(session: Session, ttlMs: number): Promise<string | undefined> {
    return this.#guard.run('find', () => this.#store.find(session, ttlMs));
  }

  remember(session: Session, backend: string, ttlMs: number): Promise<void> {
    return this.#guard.run('remember', () => this.#store.remember(session, backend, ttlMs));
  }

  /** What still waits fails; no timer and no connection is left. */
  close(): Promise<void> {
    return this.#guard.close();
  }
}
