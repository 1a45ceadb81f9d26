/** A worker with a cache in front of one recording backend, and a clock that goes on when it is told to. */
import type { CacheResult } from '@lb/shared/metrics/catalog';
import { eventually } from './eventually.ts';
import { FakeClock } from './fake-clock.ts';
import { startFront } from './front.ts';
import { metricTotal } from './metric-totals.ts';
import { ask, headerOf, type RawResponse, requestText } from './raw-client.ts';
import { okAnswer, type RecordingBackend, type Respond } from './recording-backend.ts';
import type { Harness } from './worker-harness.ts';

export interface CachedFront extends AsyncDisposable {
  readonly port: number;
  readonly clock: FakeClock;
  readonly backend: RecordingBackend;
  readonly worker: Harness;
  /** Asks on a new connection. @param fields lines such as `X-Name: value` */
  get(target?: string, fields?: readonly string[], method?: string): Promise<RawResponse>;
  /** Waits until so many have been counted. */
  counted(result: CacheResult, count: number): Promise<void>;
}

export interface CachedOptions {
  readonly respond?: Respond;
  /** Settings of the cache, YAML in flow style. */
  readonly cache?: string;
  /** Keys of the route beside pool and cache, in flow style, each behind a comma. */
  readonly route?: string;
  /** All routes, in place of the one, and other sections. */
  readonly config?: string;
}

/** An answer that may be kept. @param fields lines such as `X-Name: value` */
export function freshAnswer(body: string, fields: readonly string[] = []): string {
  return okAnswer(body, ['Cache-Control: max-age=60', ...fields]);
}

/** By default each answer has the number of its request as its body, and is fresh for a minute. */
export async function startCached(options: CachedOptions = {}): Promise<CachedFront> {
  const clock = new FakeClock();
  let count = 0;
  const {
    respond = () => freshAnswer(String(++count)),
    cache = '{}',
    route = '',
    config = `routes: [{ name: all, pool: web, cache: c${route} }]`,
  } = options;
  const front = await startFront({
    respond,
    clock,
    config: `caches: { c: ${cache} }\n${config}`,
    // The clock leaps, and a connection that was just made must not be late for it.
    limits: '{ headerTimeout: 24h }',
  });
  const { port, backend, worker } = front;
  return {
    port,
    clock,
    backend,
    worker,
    get: (target = '/', fields = [], method = 'GET') =>
      ask(port, requestText(`${method} ${target}`, fields)),
    counted: (result, wanted) =>
      eventually(() => {
        const seen = metricTotal(worker.messages, 'lb_cache_requests_total', 'c', result);
        if (seen !== wanted) throw new Error(`${seen} of ${wanted} ${result}`);
      }),
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
  };
}

/** What Cache-Status says of the last cache. */
export function statusOf(response: RawResponse): string | undefined {
  return headerOf(response, 'cache-status');
}
