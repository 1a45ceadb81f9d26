/** Where workers and instances agree, as the snapshot has it. It may hold passwords: it is never logged and never shown. */
import type { Config } from '../config/schema/root.ts';
import { type RedisSettings, redisSettings } from '../store/redis/redis-settings.ts';
import type { ConfigFiles } from './backend-tls.ts';

export interface StoreSnapshot {
  /** An operation that takes longer has failed. */
  readonly timeoutMs: number;
  /** Null: the memory of the primary. */
  readonly redis: RedisSettings | null;
}

/** @throws Error when a file was not read; a checked configuration comes with all of them. */
export function storeSnapshot(store: Config['store'], files: ConfigFiles): StoreSnapshot {
  const redis = store.type === 'redis' ? redisSettings(store, files) : null;
  return { timeoutMs: store.timeout, redis };
}
