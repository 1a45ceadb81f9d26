/** The store in the memory of this process: exact among all who ask this one object, gone with the process. */
import { MemoryBuckets } from './memory-buckets.ts';
import { MemorySessions } from './memory-sessions.ts';
import type { Bucket, Session, Store, Taken } from './store.ts';

export class MemoryStore implements Store {
  readonly #buckets: MemoryBuckets;
  readonly #sessions: MemorySessions;

  /** @param nowMs a clock that never goes back */
  constructor(nowMs: () => number) {
    this.#buckets = new MemoryBuckets(nowMs);
    this.#sessions = new MemorySessions(nowMs);
  }

  async take(buckets: readonly Bucket[], want: number): Promise<Taken> {
    return this.#buckets.take(buckets, want);
  }

  async bind(session: Session, proposed: string, ttlMs: number, gone?: string): Promise<string> {
    return this.#sessions.bind(session, proposed, ttlMs, gone);
  }

  async find(session: Session, ttlMs: number): Promise<string | undefined> {
    return this.#sessions.find(session, ttlMs);
  }

  async remember(session: Session, backend: string, ttlMs: number): Promise<void> {
    this.#sessions.remember(session, backend, ttlMs);
  }
}
