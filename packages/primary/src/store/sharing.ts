/** What workers and instances share, on the side of the primary: the memory of this instance, who else there is, and the store's state. */
import type { StoreCall, StoreResult } from '@lb/shared/ipc/store-calls';
import type { InstanceReply, StatusReply } from '@lb/shared/admin-api/contract';
import type { StoreSnapshot } from '@lb/shared/model/store-snapshot';
import { MemoryStore } from '@lb/shared/store/memory-store';
import type { Registry } from '@lb/shared/store/registry';
import { Membership, type MembershipOptions } from './membership.ts';
import { serveCalls } from './serve-calls.ts';
import { StoreWatch } from './store-watch.ts';

export type SharingOptions = MembershipOptions;

export class Sharing {
  /** Exact over the workers of this instance. */
  readonly #memory: MemoryStore;
  readonly #watch: StoreWatch;
  readonly #membership: Membership;
  #type: StatusReply['store']['type'] = 'memory';

  /** @param options `onStore` is told of the store as the primary and all workers together have it */
  constructor(options: SharingOptions) {
    this.#memory = new MemoryStore(() => options.clock.monotonicMs());
    this.#watch = new StoreWatch({ onChange: options.onStore });
    const onStore = (reason: string | null): void => this.#watch.report('primary', reason);
    this.#membership = new Membership({ ...options, onStore });
  }

  /** Every instance that lives, as last heard, this one first. */
  get instances(): readonly InstanceReply[] {
    return this.#membership.instances;
  }

  /** The registry of all instances; undefined for an instance that is alone. */
  get registry(): Registry | undefined {
    return this.#membership.registry;
  }

  get isUp(): boolean {
    return this.#watch.reason === null;
  }

  /** The store, as people are told of it. */
  get state(): StatusReply['store'] {
    const { reason } = this.#watch;
    return { type: this.#type, up: reason === null, reason };
  }

  /** Takes over what a configuration says. */
  follow(settings: StoreSnapshot): void {
    this.#type = settings.redis === null ? 'memory' : 'redis';
    this.#membership.follow(settings);
  }

  /** Does what a worker asks of the memory store. */
  execute(calls: readonly StoreCall[]): Promise<StoreResult[]> {
    return serveCalls(this.#memory, calls);
  }

  /** A worker lost the store, and why, or has it (null). */
  reported(workerId: number, reason: string | null): void {
    this.#watch.report(workerId, reason);
  }

  /** Forgets a worker that is gone. */
  remove(workerId: number): void {
    this.#watch.forget(workerId);
  }

  close(): Promise<void> {
    return this.#membership.close();
  }
}
