/**
 * The registry in Redis.
 *
 *     <prefix>{instances}             hash, by id: until when an instance lives, and what it says of itself
 *     <prefix>{instances}:overrides   hash, by field; stays until it is cleared
 *     <prefix>{instances}:secret      stays
 */
import type { Invalidation, Purge } from '../../model/purge.ts';
import type { Beat, LoggedPurge, PurgeStep, Registry } from '../registry.ts';
import type { RedisConnection } from './redis-connection.ts';
import { RedisPurges } from './redis-purges.ts';
import { beat } from './scripts/beat.ts';
import { clearOverrides } from './scripts/clear-overrides.ts';
import { proposeSecret } from './scripts/propose-secret.ts';

export class RedisRegistry implements Registry {
  readonly #redis: RedisConnection;
  readonly #instances: string;
  readonly #overrides: string;
  readonly #secret: string;
  readonly #purges: RedisPurges;

  constructor(redis: RedisConnection) {
    this.#redis = redis;
    this.#instances = `${redis.prefix}{instances}`;
    this.#overrides = `${this.#instances}:overrides`;
    this.#secret = `${this.#instances}:secret`;
    this.#purges = new RedisPurges(redis);
  }

  secret(proposal: string): Promise<string> {
    return proposeSecret(this.#redis, this.#secret, proposal);
  }

  beat(id: string, facts: string, ttlMs: number): Promise<Beat> {
    const keys = { instances: this.#instances, overrides: this.#overrides };
    return beat(this.#redis, keys, { id, facts, ttlMs: Math.ceil(ttlMs) });
  }

  async leave(id: string): Promise<void> {
    const key = this.#instances;
    await this.#redis.send([key], (client) => client.hdel(key, id));
  }

  async setOverride(field: string, value: string | null): Promise<void> {
    const key = this.#overrides;
    await this.#redis.send([key], (client) =>
      value === null ? client.hdel(key, field) : client.hset(key, field, value),
    );
  }

  clearOverrides(): Promise<number> {
    return clearOverrides(this.#redis, this.#overrides);
  }

  purgeStep(purge: Purge, addresses: readonly string[], cursor: string): Promise<PurgeStep> {
    return this.#purges.step(purge, addresses, cursor);
  }

  logPurge(purge: Purge | Invalidation): Promise<string> {
    return this.#purges.log(purge);
  }

  endOfPurges(): Promise<string> {
    return this.#purges.end();
  }

  purgesAfter(place: string): Promise<readonly LoggedPurge[]> {
    return this.#purges.after(place);
  }

  purgedUpTo(id: string, place: string | null): Promise<void> {
    return this.#purges.sawUpTo(id, place);
  }

  purgePlaces(): Promise<ReadonlyMap<string, string>> {
    return this.#purges.seen();
  }
}
