/**
 * The instances that share a store. Each says once a second that it lives and hears who else does, and what was changed at run
 * time; one that was not heard for a few seconds is forgotten. Without Redis an instance is alone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { InstanceReply } from '@lb/shared/admin-api/contract';
import type { StoreSnapshot } from '@lb/shared/model/store-snapshot';
import type { Logger } from '@lb/shared/logging/logger';
import { DamageLog } from '@lb/shared/store/damage-log';
import { GuardedRegistry } from '@lb/shared/store/guarded-registry';
import { RedisConnection } from '@lb/shared/store/redis/redis-connection';
import { RedisRegistry } from '@lb/shared/store/redis/redis-registry';
import type { RedisSettings } from '@lb/shared/store/redis/redis-settings';
import type { Registry } from '@lb/shared/store/registry';
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
  readonly log: Logger;
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
  readonly #damage: DamageLog;
  #settings: StoreSnapshot | undefined;
  #shared: GuardedRegistry | undefined;
  #instances: readonly InstanceFacts[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#damage = new DamageLog(options.log, options.clock);
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
    if (settings.redis !== null) {
      this.#shared = this.#open(settings.redis, settings.timeoutMs);
      return;
    }
    this.#heard([]);
    this.#options.onStore(null);
  }

  /** Says that this instance lives no more; it waits no longer for the store than for any operation. */
  async close(): Promise<void> {
    await this.#leave();
  }

  #open(redis: RedisSettings, timeoutMs: number): GuardedRegistry {
    const { clock, random, onStore } = this.#options;
    const connection = new RedisConnection(redis, random);
    const registry = new RedisRegistry(connection);
    return new GuardedRegistry(registry, connection, {
      timeoutMs,
      clock,
      random,
      hooks: {
        onChange: (isUp, error) => {
          onStore(error?.message ?? null);
          if (isUp) void this.#join();
        },
        onDone: () => undefined,
        onError: (_operation, error) => this.#damage.report(error),
      },
    });
  }

  async #leave(): Promise<void> {
    clearTimeout(this.#timer);
    const left = this.#shared;
    this.#shared = undefined;
    if (left === undefined) return;
    try {
      await left.leave(this.#options.facts().id);
    } catch (error) {
      // It will be forgotten without it.
      if (!(error instanceof StoreError)) throw error;
    }
    await left.close();
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
