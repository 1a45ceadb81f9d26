/** The store of instances that share a Redis, as YAML. The default timeout of 50 ms passes on a busy machine without any fault. */
import type { RedisServer } from './redis-server.ts';

export function redisStore({ url }: Pick<RedisServer, 'url'>, timeout = '1s'): string {
  return `store: { type: redis, url: "${url}", timeout: ${timeout} }`;
}
