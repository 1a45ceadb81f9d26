/** Does what a worker asks of the memory store: what came in one message is begun in its order and answered together. */
import type { StoreCall, StoreResult } from '@lb/shared/ipc/store-calls';
import type { Store } from '@lb/shared/store/store';

export function serveCalls(store: Store, calls: readonly StoreCall[]): Promise<StoreResult[]> {
  return Promise.all(calls.map((call) => serve(store, call)));
}

async function serve(store: Store, call: StoreCall): Promise<StoreResult> {
  switch (call.op) {
    case 'take':
      return store.take(call.buckets, call.want);
    case 'bind':
      return store.bind(call.session, call.proposed, call.ttlMs, call.gone);
    case 'find':
      return store.find(call.session, call.ttlMs);
    case 'remember':
      await store.remember(call.session, call.backend, call.ttlMs);
      return undefined;
  }
}
