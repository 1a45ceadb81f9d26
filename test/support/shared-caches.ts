/** Workers in this process that share a cache in a Redis of their own, in front of one backend. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { CacheResult } from '@lb/shared/metrics/catalog';
import { eventually } from './eventually.ts';
import { metricTotal } from './metric-totals.ts';
import { RawClient, type RawResponse, ask, requestText } from './raw-client.ts';
import { redisStore } from './redis-yaml.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { startBackend } from './running-lbctl.ts';
import { type Harness, startWorker } from './worker-harness.ts';

export interface SharedCaches extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly workers: readonly Harness[];
  /** Requests that came to the backend, each with what it is answered on. */
  readonly asked: readonly BackendRequest[];
  /** Waits for so many, and returns the last. */
  askedTimes(count: number): Promise<BackendRequest>;
  /** Sends a request to a worker; its answer is read later. */
  send(worker: number, line?: string, fields?: readonly string[]): Promise<RawClient>;
  /** Asks a worker on a new connection. @param fields lines such as `X-Name: value` */
  get(worker: number, line?: string, fields?: readonly string[]): Promise<RawResponse>;
  /** Waits until what was fetched is in Redis. */
  stored(key?: string): Promise<void>;
  /** Over all workers. */
  counted(result: CacheResult): number;
}

export interface BackendRequest {
  readonly headers: IncomingHttpHeaders;
  readonly response: ServerResponse;
  /** Sends an answer that is fresh for a minute. */
  answer(body: string, fields?: OutgoingHttpHeaders): void;
}

export interface ShareOptions {
  /** Answers at once; without it a request waits until the test answers it. */
  readonly respond?: (request: BackendRequest) => void;
  readonly workers?: number;
  /** Keys of the cache beside `shared`, in flow style, each behind a comma. */
  readonly cache?: string;
  readonly timeout?: string;
}

/** Key of what is at `/`. */
export const ROOT_KEY = 'lb:c:c all http://lb.test/';

export async function shareCaches(options: ShareOptions = {}): Promise<SharedCaches> {
  const { respond, workers: count = 2, cache = '', timeout = '1s' } = options;
  await using starting = new AsyncDisposableStack();
  const redis = starting.use(await startRedis());
  const asked: BackendRequest[] = [];
  const backend = starting.use(
    await startBackend(({ headers }, response) => {
      const answer = (body: string, fields: OutgoingHttpHeaders = {}): void => {
        response.writeHead(200, { 'cache-control': 'max-age=60', ...fields }).end(body);
      };
      const request = { headers, response, answer };
      asked.push(request);
      respond?.(request);
    }),
  );
  const yaml =
    `${redisStore(redis, timeout)}\n` +
    `pools: { web: { backends: ["${backend.url}"], retries: { attempts: 0 } } }\n` +
    `caches: { c: { shared: true${cache} } }\nroutes: [{ name: all, pool: web, cache: c }]\n`;
  const workers: Harness[] = [];
  for (let i = 0; i < count; i++) workers.push(starting.use(await startWorker(yaml)));
  const clients: RawClient[] = [];
  starting.defer(() => {
    for (const client of clients) client[Symbol.dispose]();
  });
  const stack = starting.move();
  const portOf = (worker: number): number => workers[worker]?.port ?? 0;
  return {
    redis,
    workers,
    asked,
    askedTimes: (times) =>
      eventually(() => {
        const last = asked.at(-1);
        if (asked.length !== times || last === undefined)
          throw new Error(`asked ${asked.length} times, not ${times}`);
        return last;
      }),
    async send(worker, line = 'GET /', fields = []) {
      const client = await RawClient.connect(portOf(worker), line.startsWith('HEAD'));
      clients.push(client);
      client.send(requestText(line, fields));
      return client;
    },
    get: (worker, line = 'GET /', fields = []) => ask(portOf(worker), requestText(line, fields)),
    stored: (key = ROOT_KEY) =>
      eventually(async () => {
        const fields = await redis.cli('hkeys', key);
        if (!fields.includes('e:')) throw new Error('nothing is stored yet');
      }),
    counted: (result) =>
      workers
        .map(({ messages }) => metricTotal(messages, 'lb_cache_requests_total', 'c', result))
        .reduce((sum, each) => sum + each, 0),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
