/** A rate limiter over a store whose time and answers a test has in hand. */
import type { RateLimitConfig } from '@lb/shared/config/schema/root';
import { MemoryBuckets } from '@lb/shared/store/memory-buckets';
import { type Bucket, StoreError, type Taken } from '@lb/shared/store/store';
import { Cells } from '@lb/worker/internal/metrics/cells';
import { LimitMetrics } from '@lb/worker/internal/metrics/limit-metrics';
import { Limiter } from '@lb/worker/internal/rate-limit/limiter';
import { LimitSource, localLimitStore } from '@lb/worker/internal/store/limit-source';
import type { KeyedRequest } from '@lb/worker/internal/request/request-key';
import { FakeClock } from './fake-clock.ts';

/** A store that notes what it was asked, and may be away. */
class WatchedStore {
  readonly asked: { readonly buckets: readonly Bucket[]; readonly want: number }[] = [];
  isUp = true;
  /** Fails although it says that it is up. */
  fails = false;
  readonly #buckets: MemoryBuckets;

  constructor(clock: FakeClock) {
    this.#buckets = new MemoryBuckets(() => clock.monotonicMs());
  }

  take(buckets: readonly Bucket[], want: number): Promise<Taken> {
    this.asked.push({ buckets, want });
    if (this.fails || !this.isUp) return Promise.reject(new StoreError('timeout', 'too late'));
    return Promise.resolve(this.#buckets.take(buckets, want));
  }
}

const LIMIT: RateLimitConfig = {
  rate: 100,
  burst: 50,
  key: 'client_ip',
  ipv6Prefix: 64,
  scope: 'cluster',
  onStoreDown: 'local',
  shadow: false,
  status: 429,
  headers: true,
};

/** @param standInShare what the worker may give out by itself while the store is away */
export function limits(standInShare = 1) {
  const clock = new FakeClock();
  const store = new WatchedStore(clock);
  const alone = localLimitStore(new MemoryBuckets(() => clock.monotonicMs()));
  const source = new LimitSource(store, [{ store: alone, share: () => standInShare }]);
  const cells = new Cells();
  return {
    clock,
    store,
    limiter: (name: string, over: Partial<RateLimitConfig> = {}): Limiter =>
      new Limiter({
        name,
        config: { ...LIMIT, ...over },
        clock,
        metrics: new LimitMetrics(cells, name),
        source,
      }),
  };
}

/** A request by whom, with which headers; names in lower case. */
export function requestFrom(
  clientAddress: string,
  headers: Readonly<Record<string, string>> = {},
): KeyedRequest {
  return {
    clientAddress,
    path: '/a',
    hostname: 'host.test',
    search: '?q=1',
    header: (lower) => headers[lower],
  };
}
