/** What is purged on all instances, as a log in Redis: each instance reads on from where it was, and says how far it is. */
import { type Invalidation, isPurged, type Purge } from '../../model/purge.ts';
import type { LoggedPurge, PurgeStep } from '../registry.ts';
import { AnswerKeys, urlOf } from './answer-keys.ts';
import type { RedisConnection } from './redis-connection.ts';

/** Purges that the log keeps at least. Who is further behind forgets everything. */
const LOG_LENGTH = 10_000;

/** Read at once. */
const READ_COUNT = 1_000;

/** Keys that Redis looks at in one step, which takes it about a millisecond. */
const SCAN_COUNT = 1_000;

/** Instances say where they are more often than this. */
const SEEN_MS = 600_000;

export class RedisPurges {
  readonly #redis: RedisConnection;
  readonly #keys: AnswerKeys;

  constructor(redis: RedisConnection) {
    this.#redis = redis;
    this.#keys = new AnswerKeys(redis.prefix);
  }

  async log(change: Purge | Invalidation): Promise<string> {
    const key = this.#keys.purges;
    const text = JSON.stringify(change);
    const place = await this.#redis.send([key], (client) =>
      client.xadd(key, 'MAXLEN', '~', LOG_LENGTH, '*', 'purge', text),
    );
    return place ?? '0-0';
  }

  async end(): Promise<string> {
    const key = this.#keys.purges;
    const [newest] = await this.#redis.send([key], (client) =>
      client.xrevrange(key, '+', '-', 'COUNT', 1),
    );
    return newest?.[0] ?? '0-0';
  }

  /** From a place that is in the log no more, the first is `everything`. */
  async after(place: string): Promise<readonly LoggedPurge[]> {
    const key = this.#keys.purges;
    // With the place itself, which shows that nothing between was cut off.
    const found = await this.#redis.send([key], (client) =>
      client.xrange(key, place, '+', 'COUNT', READ_COUNT + 1),
    );
    const read = found.map(([at, fields]) => ({ place: at, purge: purgeOf(fields[1]) }));
    const [first, ...rest] = read;
    if (first === undefined || first.place === place) return rest;
    return place === '0-0' ? read : [{ place: first.place, purge: 'everything' }, ...rest];
  }

  async sawUpTo(instance: string, place: string | null): Promise<void> {
    const key = this.#keys.seen;
    await this.#redis.send([key], (client) =>
      place === null ? client.hdel(key, instance) : client.hset(key, instance, place),
    );
    if (place !== null) await this.#redis.send([key], (client) => client.pexpire(key, SEEN_MS));
  }

  async seen(): Promise<ReadonlyMap<string, string>> {
    const key = this.#keys.seen;
    const places = await this.#redis.send([key], (client) => client.hgetall(key));
    return new Map(Object.entries(places));
  }

  async step(purge: Purge, addresses: readonly string[], cursor: string): Promise<PurgeStep> {
    switch (purge.by) {
      case 'url':
        await this.#delete(addresses.map((address) => this.#keys.answer(address)));
        return { cursor: null };
      case 'prefix':
        return this.#scan(purge, cursor);
      case 'tag':
        return this.#untag(addresses[0] ?? '', purge.value);
    }
  }

  async #untag(cache: string, tag: string): Promise<PurgeStep> {
    const key = this.#keys.tag(cache, tag);
    const addresses = await this.#redis.send([key], (client) =>
      client.zrange(key, '0', String(SCAN_COUNT - 1)),
    );
    await this.#delete(addresses.map((address) => this.#keys.answer(address)));
    if (addresses.length > 0)
      await this.#redis.send([key], (client) => client.zrem(key, ...addresses));
    return { cursor: addresses.length < SCAN_COUNT ? null : '0' };
  }

  /** One server after the other: `<server>:<cursor>`. */
  async #scan(purge: Purge, cursor: string): Promise<PurgeStep> {
    const [server = '0', from = '0'] = cursor.split(':');
    const pattern = this.#keys.pattern(purge.cache, purge.value);
    const { next, keys, servers } = await this.#redis.scan(
      Number(server),
      from,
      pattern,
      SCAN_COUNT,
    );
    const meant = keys.filter((key) =>
      isPurged(purge, { url: urlOf(this.#keys.addressOf(key)), tags: [] }),
    );
    await this.#delete(meant);
    if (next !== '0') return { cursor: `${server}:${next}` };
    const following = Number(server) + 1;
    return { cursor: following < servers ? `${following}:0` : null };
  }

  /** Each by itself: in a Cluster they are anywhere. */
  async #delete(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#redis.send([key], (client) => client.del(key))));
  }
}

/** What is neither may have been any. */
function purgeOf(text: string | undefined): LoggedPurge['purge'] {
  try {
    const read = JSON.parse(text ?? '') as Partial<Purge & Invalidation>;
    const { by = '', value, cache = null, keys, doneBy } = read;
    if (Array.isArray(keys) && cache !== null && typeof doneBy === 'string')
      return { cache, keys, doneBy };
    if ((by === 'url' || by === 'prefix' || by === 'tag') && typeof value === 'string')
      return { by, value, cache };
  } catch {
    // Another version writes into the same log.
  }
  return 'everything';
}
