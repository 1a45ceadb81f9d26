/** Stores in Redis for tests, with settings as a configuration has them. */
import { store as storeSchema } from '@lb/shared/config/schema/store';
import { GuardedStore } from '@lb/shared/store/guarded-store';
import type { GuardHooks } from '@lb/shared/store/guard';
import { RedisConnection } from '@lb/shared/store/redis/redis-connection';
import { type RedisSettings, redisSettings } from '@lb/shared/store/redis/redis-settings';
import { RedisStore } from '@lb/shared/store/redis/redis-store';
import type { Bucket, StoreError, StoreOperation } from '@lb/shared/store/store';
import { seededRandom, systemClock } from '@lb/shared/time/clock';
import { eventually } from './eventually.ts';

/** @param section of lb.yaml: `store`, without its type */
export function settingsOf(
  section: object,
  files: ReadonlyMap<string, string> = new Map(),
): RedisSettings {
  return redisSettings(storeSchema.parse({ type: 'redis', ...section }), files);
}

export function connectTo(settings: RedisSettings): RedisConnection {
  return new RedisConnection(settings, seededRandom(1));
}

/** What guards are given, and what they said. */
export class StoreLog implements GuardHooks<StoreOperation> {
  /** `up`, or why it went down. */
  readonly changes: string[] = [];
  /** `take`, or `take: timeout`. */
  readonly ended: string[] = [];

  onChange(isUp: boolean, error: Error | undefined): void {
    this.changes.push(isUp ? 'up' : String(error?.message));
  }

  onDone(operation: string): void {
    this.ended.push(operation);
  }

  onError(operation: string, { failure }: StoreError): void {
    this.ended.push(`${operation}: ${failure}`);
  }
}

export class OpenStore implements AsyncDisposable {
  readonly log = new StoreLog();
  readonly store: GuardedStore;

  constructor(settings: RedisSettings, timeoutMs: number) {
    const hooks = this.log;
    this.store = new GuardedStore(new RedisStore(connectTo(settings)), {
      timeoutMs,
      clock: systemClock,
      random: seededRandom(2),
      hooks,
    });
  }

  /** Waits until it is up, and closes it when it does not come. */
  async up(limitMs?: number): Promise<this> {
    try {
      await eventually(() => {
        if (this.log.changes.at(-1) !== 'up') throw new Error(`down: ${this.store.error?.message}`);
      }, limitMs);
      return this;
    } catch (error) {
      await this.store.close();
      throw error;
    }
  }

  /** Waits until it is down, and says why. */
  async down(limitMs?: number): Promise<string> {
    return eventually(() => {
      if (this.store.isUp) throw new Error('up');
      return String(this.store.error?.message);
    }, limitMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.store.close();
  }
}

/** On a busy machine the default of 50 ms passes without any fault. */
const PATIENT_MS = 1_000;

/** A guarded store; it may not be up yet. */
export function openStore(section: object, timeoutMs: number = PATIENT_MS): OpenStore {
  return new OpenStore(settingsOf(section), timeoutMs);
}

/** Nothing comes back into it while a test runs. */
export function slowBucket(key: string, burst: number): Bucket {
  return { key, burst, intervalUs: 3_600_000_000 };
}
