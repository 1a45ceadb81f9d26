/** The store of an instance that has no other: in the primary's memory, exact over its workers. */
import type { StoreCall, StoreResult } from '@lb/shared/ipc/store-calls';
import { MemoryBuckets } from '@lb/shared/store/memory-buckets';
import { MemorySessions } from '@lb/shared/store/memory-sessions';

export class MemoryStore {
  readonly #buckets: MemoryBuckets;
  readonly #sessions: MemorySessions;

  /** @param nowMs a clock that never goes back */
  constructor(nowMs: () => number) {
    this.#buckets = new MemoryBuckets(nowMs);
    this.#sessions = new MemorySessions(nowMs);
  }

  /** Does what a worker asks, one after the other. */
  execute(calls: readonly StoreCall[]): StoreResult[] {
    return calls.map((call) => this.#do(call));
  }

  #do(call: StoreCall): StoreResult {
    switch (call.op) {
      case 'take':
        return this.#buckets.take(call.buckets, call.want);
      case 'bind':
        return this.#sessions.bind(call.session, call.proposed, call.ttlMs, call.gone);
      case 'find':
        return this.#sessions.find(call.session, call.ttlMs);
      case 'remember':
        this.#sessions.remember(call.session, call.backend, call.ttlMs);
        return undefined;
    }
  }
}
