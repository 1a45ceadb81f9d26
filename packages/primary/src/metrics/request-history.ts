/** What all listeners together answered in the last minute, and how fast: a guarded reload is measured against it. */
import { DURATION_BUCKETS_SECONDS } from '@lb/shared/metrics/catalog';
import type { MetricsAggregate } from './aggregate.ts';

const BUCKETS = DURATION_BUCKETS_SECONDS.length + 1;

/** Samples kept; with one a second, a minute. */
const SAMPLES = 61;

/** Requests that ended, those of them with an answer from 500 on, and how long they took. */
export interface RequestCounts {
  readonly requests: number;
  readonly errors: number;
  /** One for each bound of the metric, then +Inf; not cumulative. */
  readonly buckets: Float64Array;
}

/** Owns the samples. */
export class RequestHistory {
  readonly #metrics: Pick<MetricsAggregate, 'each'>;
  #samples: RequestCounts[] = [];

  constructor(metrics: Pick<MetricsAggregate, 'each'>) {
    this.#metrics = metrics;
  }

  /** Takes a sample; its owner calls it once a second. */
  sample(): void {
    this.#samples.push(this.total());
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** Begins anew: what was before is nothing to measure against. */
  restart(): void {
    this.#samples = [this.total()];
  }

  /** Since the start of the instance. */
  total(): RequestCounts {
    let requests = 0;
    let errors = 0;
    const buckets = new Float64Array(BUCKETS);
    this.#metrics.each('lb_http_requests_total', (labels, [count = 0]) => {
      requests += count;
      if (Number(labels[CODE]) >= 500) errors += count;
    });
    this.#metrics.each('lb_http_request_duration_seconds', (_, cells) => {
      for (let bucket = 0; bucket < BUCKETS; bucket += 1)
        buckets[bucket] = (buckets[bucket] ?? 0) + (cells[bucket] ?? 0);
    });
    return { requests, errors, buckets };
  }

  /** Of the last minute, or since it began. */
  recent(): RequestCounts {
    const now = this.total();
    return gained(this.#samples[0] ?? now, now);
  }
}

/** The place of `code` among the labels of lb_http_requests_total. */
const CODE = 3;

/** What came between two totals. */
export function gained(from: RequestCounts, to: RequestCounts): RequestCounts {
  return {
    requests: to.requests - from.requests,
    errors: to.errors - from.errors,
    buckets: to.buckets.map((count, bucket) => count - (from.buckets[bucket] ?? 0)),
  };
}
