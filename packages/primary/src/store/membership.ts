/**
 * The instances that share a store. Each says once a second that it lives and hears who else does, and what was changed at run
 * time; one that was not heard for a few seconds is forgotten. Without Redis an instance is alone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { InstanceReply } from '@lb/shared/admin-api/contract';
import type { StoreSnapshot } from '@lb/shared/model/store-snapshot';
import { Guard } from '@lb/shared/store/guard';
import { RedisConnection } from '@lb/shared/store/redis/redis-connection';
import { RedisRegistry } from '@lb/shared/store/redis/redis-registry';
import type { Beat, Registry } from '@lb/shared/store/registry';
import { StoreError } from '@lb/shared/store/store';
import type { Clock, Random } from '@lb/shared/time/clock';

const BEAT_MS = 1_000;

/** Three beats may be missed: a store that fails over, a machine that is held up. */
const LIFE_MS = 3_500;

/** What an instance says of itself. */
export type InstanceFacts = Omit<InstanceReply, 'isSelf'>;

export interface MembershipOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Of this instance, now; `id` is always the same. */
  readonly facts: () => InstanceFacts;
  /** There is a registry, or there is again: called before this instance says that it lives. */
  readonly onJoin: (registry: Registry) => Promise<void>;
  /** Who lives changed in number. */
  readonly onCount: (instances: number) => void;
  /** All changes made at run time, over all instances; said after each beat. */
  readonly onOverrides: (overrides: ReadonlyMap<string, string>) => void;
  /** The primary lost the store, and why, or has it back (null). */
  readonly onStore: (reason: string | null) => void;
}

export class Membership {
  readonly #options: MembershipOptions;
  #settings: StoreSnapshot | undefined;
  #shared: SharedRegistry | undefined;
  #instances: readonly InstanceFacts[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Every instance that lives, as last heard, this one first. */
  get instances(): readonly InstanceReply[] {
    const self = this.#options.facts();
    const others = this.#instances.filter(({ id }) => id !== self.id);
    return [{ ...self, isSelf: true }, ...others.map((other) => ({ ...other, isSelf: false }))];
  }

  /** The registry of all instances; undefined for an instance that is alone. Fails at once while the store is away. */
  get registry(): Registry | undefined {
    return this.#shared;
  }

  /** Takes over what the configuration says of the store; nothing happens when it says the same. */
  follow(settings: StoreSnapshot): void {
    if (isDeepStrictEqual(settings, this.#settings)) return;
    this.#settings = settings;
    void this.#leave();
    if (settings.redis === null) {
      this.#heard([]);
      this.#options.onStore(null);
      return;
    }
    this.#shared = new SharedRegistry(settings, this.#options, (reason) => {
      this.#options.onStore(reason);
      if (reason === null) void this.#join();
    });
  }

  /** Says that this instance lives no more; it waits no longer for the store than for any operation. */
  async close(): Promise<void> {
    await this.#leave();
  }

  async #leave(): Promise<void> {
    clearTimeout(this.#timer);
    const left = this.#shared;
    this.#shared = undefined;
    await left?.end(this.#options.facts().id);
  }

  async #join(): Promise<void> {
    const shared = this.#shared;
    if (shared === undefined) return;
    try {
      await this.#options.onJoin(shared);
    } catch (error) {
      // It will be joined when it is back.
      if (!(error instanceof StoreError)) throw error;
    }
    await this.#beat();
  }

  async #beat(): Promise<void> {
    clearTimeout(this.#timer);
    const shared = this.#shared;
    if (shared === undefined) return;
    try {
      const { id, ...rest } = this.#options.facts();
      const beat = await shared.beat(id, JSON.stringify({ id, ...rest }), LIFE_MS);
      if (shared !== this.#shared) return;
      this.#heard(beat.instances.flatMap(factsOf));
      this.#options.onOverrides(beat.overrides);
    } catch (error) {
      // The guard says when it is back; who lived last is what is known meanwhile.
      if (!(error instanceof StoreError)) throw error;
    }
    if (shared !== this.#shared) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#beat(), BEAT_MS);
  }

  #heard(instances: readonly InstanceFacts[]): void {
    const before = this.instances.length;
    this.#instances = instances;
    const { length } = this.instances;
    if (length !== before) this.#options.onCount(length);
  }
}

/** The registry in Redis behind a guard. */
class SharedRegistry implements Registry {
  readonly #registry: RedisRegistry;
  readonly #guard: Guard<'registry'>;

  constructor(
    { redis, timeoutMs }: StoreSnapshot,
    { clock, random }: MembershipOptions,
    onStore: (reason: string | null) => void,
  ) {
    if (redis === null) throw new Error('there is no registry without Redis');
    const connection = new RedisConnection(redis, random);
    this.#registry = new RedisRegistry(connection);
    this.#guard = new Guard(connection, {
      timeoutMs,
      clock,
      random,
      hooks: {
        onChange: (_isUp, error) => onStore(error?.message ?? null),
        onDone: () => undefined,
        onError: () => undefined,
      },
    });
  }

  secret(proposal: string): Promise<string> {
    return this.#guard.run('registry', () => this.#registry.secret(proposal));
  }

  beat(id: string, facts: string, ttlMs: number): Promise<Beat> {
    return this.#guard.run('registry', () => this.#registry.beat(id, facts, ttlMs));
  }

  leave(id: string): Promise<void> {
    return this.#guard.run('registry', () => this.#registry.leave(id));
  }

  setOverride(field: string, value: string | null): Promise<void> {
    return this.#guard.run('registry', () => this.#registry.setOverride(field, value));
  }

  clearOverrides(): Promise<number> {
    return this.#guard.run('registry', () => this.#registry.clearOverrides());
  }

  /** Leaves, if that can be said, and closes the connection. */
  async end(id: string): Promise<void> {
    try {
      await this.leave(id);
    } catch (error) {
      // It will be forgotten without it.
      if (!(error instanceof StoreError)) throw error;
    }
    await this.#guard.close();
  }
}

/** None for what no instance of this kind can have written. */
function factsOf(text: string): InstanceFacts[] {
  try {
    const facts: unknown = JSON.parse(text);
    const isOurs = typeof facts === 'object' && facts !== null && 'id' in facts && 'pid' in facts;
    return isOurs ? [facts as InstanceFacts] : [];
  } catch {
    // Somebody else writes under our prefix: what they say counts as nothing.
    return [];
  }
}
