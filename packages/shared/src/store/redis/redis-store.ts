/**
 * The store in Redis, the same for all instances.
 *
 *     <prefix>{rl}:<limit>:<who>     when this bucket will be full; gone when it is
 *     <prefix>s:{<pool>:<session>}   name of the backend; gone when the session is
 *     <prefix>{probe}                written by probes
 *
 * The buckets share a hash tag, and so a slot of a Cluster: a request may take out of several, or none.
 */
import type { Probeable } from '../guard.ts';
import type { Bucket, Session, Store, Taken } from '../store.ts';
import type { RedisConnection } from './redis-connection.ts';
import { bind } from './scripts/bind.ts';
import { take } from './scripts/take.ts';

export class RedisStore implements Store, Probeable {
  readonly #redis: RedisConnection;

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  async take(buckets: readonly Bucket[], want: number): Promise<Taken> {
    const keys = buckets.map(({ key }) => `${this.#redis.prefix}{rl}:${key}`);
    return take(this.#redis, keys, buckets, want);
  }

  async bind(session: Session, proposed: string, ttlMs: number, gone?: string): Promise<string> {
    const proposal = { backend: proposed, ttlMs: Math.ceil(ttlMs), gone };
    return bind(this.#redis, this.#keyOf(session), proposal);
  }

  async find(session: Session, ttlMs: number): Promise<string | undefined> {
    const key = this.#keyOf(session);
    const ms = Math.ceil(ttlMs);
    return (await this.#redis.send([key], (client) => client.getex(key, 'PX', ms))) ?? undefined;
  }

  async remember(session: Session, backend: string, ttlMs: number): Promise<void> {
    const key = this.#keyOf(session);
    await this.#redis.send([key], (client) => client.set(key, backend, 'PX', Math.ceil(ttlMs)));
  }

  probe(): Promise<void> {
    return this.#redis.probe();
  }

  reconnect(): void {
    this.#redis.reconnect();
  }

  close(): Promise<void> {
    return this.#redis.close();
  }

  #keyOf({ pool, key }: Session): string {
    return `${this.#redis.prefix}s:{${pool}:${key}}`;
  }
}
