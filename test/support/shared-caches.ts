/** Workers in this process that share a cache in a Redis of their own, in front of one backend. */
import { redisStore } from './redis-yaml.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { ask, type RawResponse, requestText } from './raw-client.ts';
import { type RecordingBackend, type Respond, startRecordingBackend } from './recording-backend.ts';
import { type Harness, startWorker } from './worker-harness.ts';

export interface SharedCaches extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly backend: RecordingBackend;
  readonly workers: readonly Harness[];
  /** Asks a worker on a new connection. @param fields lines such as `X-Name: value` */
  get(
    worker: number,
    target?: string,
    fields?: readonly string[],
    method?: string,
  ): Promise<RawResponse>;
}

/** @param cache keys of the cache beside `shared`, in flow style, each behind a comma */
export async function shareCaches(
  respond: Respond,
  { count = 2, cache = '', timeout = '1s' } = {},
): Promise<SharedCaches> {
  await using starting = new AsyncDisposableStack();
  const redis = starting.use(await startRedis());
  const backend = starting.use(await startRecordingBackend(respond));
  const yaml =
    `${redisStore(redis, timeout)}\n` +
    `pools: { web: { backends: ["${backend.url}"] } }\n` +
    `caches: { c: { shared: true${cache} } }\nroutes: [{ name: all, pool: web, cache: c }]\n`;
  const workers: Harness[] = [];
  for (let i = 0; i < count; i++) workers.push(starting.use(await startWorker(yaml)));
  const stack = starting.move();
  return {
    redis,
    backend,
    workers,
    get: (worker, target = '/', fields = [], method = 'GET') =>
      ask(workers[worker]?.port ?? 0, requestText(`${method} ${target}`, fields)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
