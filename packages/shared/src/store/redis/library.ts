/**
 * ioredis, loaded when Redis is first spoken to: an instance that keeps its state in memory does without it. By `require`, which
 * has the module when it returns.
 */
import { createRequire } from 'node:module';
import type * as ioredis from 'ioredis';

const load = createRequire(import.meta.url);

export function redisLibrary(): typeof ioredis {
  return load('ioredis') as typeof ioredis;
}
