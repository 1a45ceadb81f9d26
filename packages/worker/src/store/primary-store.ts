/**
 * The memory store as a worker sees it: asked over the channel to the primary, with one message for all that came up in a turn of
 * the event loop, because a message costs far more than what is in it.
 */
import type { ToPrimary } from '@lb/shared/ipc/messages';
import type { Probeable } from '@lb/shared/store/guard';
import type { StoreCall, StoreResult } from '@lb/shared/ipc/store-calls';
import {
  type Bucket,
  type Session,
  type Store,
  StoreError,
  type Taken,
} from '@lb/shared/store/store';

/** Operations that may wait for an answer. A primary that is so far behind answers none of them in time. */
const MOST_PENDING = 10_000;

interface Pending {
  readonly call: StoreCall;
  readonly resolve: (result: StoreResult) => void;
}

export class PrimaryStore implements Store, Probeable {
  readonly #send: (message: ToPrimary) => void;
  #queue: Pending[] = [];
  readonly #sent = new Map<number, readonly Pending[]>();
  #pendingCount = 0;
  #lastId = 0;

  constructor(send: (message: ToPrimary) => void) {
    this.#send = send;
  }

  async take(buckets: readonly Bucket[], want: number): Promise<Taken> {
    return (await this.#ask({ op: 'take', buckets, want })) as Taken;
  }

  async bind(session: Session, proposed: string, ttlMs: number, gone?: string): Promise<string> {
    return (await this.#ask({ op: 'bind', session, proposed, ttlMs, gone })) as string;
  }

  async find(session: Session, ttlMs: number): Promise<string | undefined> {
    return (await this.#ask({ op: 'find', session, ttlMs })) as string | undefined;
  }

  async remember(session: Session, backend: string, ttlMs: number): Promise<void> {
    await this.#ask({ op: 'remember', session, backend, ttlMs });
  }

  async probe(): Promise<void> {
    await this.#ask({ op: 'take', buckets: [], want: 1 });
  }

  /** There is one channel to the primary, and a worker ends with it. */
  reconnect(): void {
    return undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Takes the primary's answer to the message of this number. */
  answered(id: number, results: readonly StoreResult[]): void {
    const pending = this.#sent.get(id) ?? [];
    this.#sent.delete(id);
    this.#pendingCount -= pending.length;
    for (const [place, { resolve }] of pending.entries()) resolve(results[place]);
  }

  #ask(call: StoreCall): Promise<StoreResult> {
    if (this.#pendingCount >= MOST_PENDING) {
      return Promise.reject(new StoreError('timeout', 'the primary does not answer'));
    }
    this.#pendingCount++;
    if (this.#queue.length === 0) setImmediate(() => this.#flush());
    return new Promise((resolve) => this.#queue.push({ call, resolve }));
  }

  #flush(): void {
    const pending = this.#queue;
    this.#queue = [];
    const id = ++this.#lastId;
    this.#sent.set(id, pending);
    this.#send({ lb: 1, type: 'store', id, calls: pending.map(({ call }) => call) });
  }
}
