/**
 * The last ten seconds of every backend, as the admin API shows them: rate, share of errors, quantiles.
 *
 *     every second: sample() ─▶ cumulative counts into a ring of 11 ─▶ newest less oldest = the window
 */
import { DURATION_BUCKETS_SECONDS } from '@lb/shared/metrics/catalog';
import type { Clock } from '@lb/shared/time/clock';
import type { MetricsAggregate } from './aggregate.ts';
import { quantileMs } from './quantile.ts';

/** Samples kept: the window is one less, in seconds when sampled each second. */
const SAMPLES = 11;
const BUCKETS = DURATION_BUCKETS_SECONDS.length + 1;
/** In a sample: when it was taken, tries, errors, then the buckets. */
const AT = 0;
const TRIES = 1;
const ERRORS = 2;
const FIRST_BUCKET = 3;
const FIELDS = FIRST_BUCKET + BUCKETS;

/** What a backend did in the window. Quantiles are null without an answer in it. */
export interface WindowReading {
  readonly requestsPerSecond: number;
  /** 0 to 1. */
  readonly errorRate: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/** The pools whose backends are followed. */
export type FollowedPools = readonly {
  readonly name: string;
  readonly backends: readonly { readonly name: string }[];
}[];

const NOTHING: WindowReading = {
  requestsPerSecond: 0,
  errorRate: 0,
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
};

/** Cumulative samples of one thing, the oldest overwritten by the newest. */
class Ring {
  readonly #samples: Float64Array[] = [];
  #next = 0;

  /** The place of the next sample, zeroed. */
  advance(): Float64Array {
    const sample = this.#samples[this.#next]?.fill(0) ?? new Float64Array(FIELDS);
    this.#samples[this.#next] = sample;
    this.#next = (this.#next + 1) % SAMPLES;
    return sample;
  }

  /** Newest less oldest, field by field; undefined before there are two. */
  gained(): Float64Array | undefined {
    const newest = this.#samples.at(this.#next - 1);
    const oldest = this.#samples.length < SAMPLES ? this.#samples[0] : this.#samples[this.#next];
    if (newest === undefined || oldest === undefined || newest === oldest) return undefined;
    return newest.map((value, field) => value - (oldest[field] ?? 0));
  }
}

/** Follows the backends it was last told of. Memory: about 1.5 KiB a backend. */
export class BackendWindow {
  readonly #metrics: MetricsAggregate;
  readonly #clock: Clock;
  #rings = new Map<string, Ring>();
  readonly #instance = new Ring();

  constructor({ metrics, clock }: { readonly metrics: MetricsAggregate; readonly clock: Clock }) {
    this.#metrics = metrics;
    this.#clock = clock;
  }

  /** Follows these backends from now on; those that stay keep their samples. Call it with each snapshot, once seeded. */
  follow(pools: FollowedPools): void {
    const rings = new Map<string, Ring>();
    for (const pool of pools)
      for (const backend of pool.backends) {
        const key = keyOf(pool.name, backend.name);
        rings.set(key, this.#rings.get(key) ?? new Ring());
      }
    this.#rings = rings;
  }

  /** Takes a sample; its owner calls it once a second, and once right after the first `follow`. */
  sample(): void {
    const at = this.#clock.monotonicMs();
    const current = new Map<string, Float64Array>();
    for (const [key, ring] of this.#rings) current.set(key, ring.advance());
    for (const sample of current.values()) sample[AT] = at;
    const sampleOf = (labels: readonly string[]): Float64Array | undefined =>
      current.get(keyOf(labels[0] ?? '', labels[1] ?? ''));
    this.#metrics.each('lb_backend_requests_total', (labels, [count = 0]) => {
      const sample = sampleOf(labels);
      if (sample === undefined) return;
      add(sample, TRIES, count);
      if (Number(labels[2]) >= 500) add(sample, ERRORS, count);
    });
    this.#metrics.each('lb_backend_errors_total', (labels, [count = 0]) => {
      const sample = sampleOf(labels);
      // An answer that failed by its status was counted with the answers.
      if (sample === undefined || labels[2] === 'status') return;
      add(sample, TRIES, count);
      add(sample, ERRORS, count);
    });
    this.#metrics.each('lb_backend_response_seconds', (labels, cells) => {
      sampleOf(labels)?.set(cells.subarray(0, BUCKETS), FIRST_BUCKET);
    });
    const instance = this.#instance.advance();
    instance[AT] = at;
    instance[TRIES] = this.#metrics.total('lb_http_requests_total');
  }

  /** The window of a backend; nothing for one that is not followed. */
  of(pool: string, backend: string): WindowReading {
    const gained = this.#rings.get(keyOf(pool, backend))?.gained();
    if (gained === undefined) return NOTHING;
    const tries = gained[TRIES] ?? 0;
    const buckets = gained.subarray(FIRST_BUCKET);
    return {
      requestsPerSecond: perSecond(gained),
      errorRate: tries === 0 ? 0 : Math.min(1, (gained[ERRORS] ?? 0) / tries),
      p50Ms: quantileMs(0.5, buckets),
      p95Ms: quantileMs(0.95, buckets),
      p99Ms: quantileMs(0.99, buckets),
    };
  }

  /** Requests answered a second, over all listeners. */
  requestsPerSecond(): number {
    const gained = this.#instance.gained();
    return gained === undefined ? 0 : perSecond(gained);
  }
}

function keyOf(pool: string, backend: string): string {
  return `${pool}\n${backend}`;
}

function add(sample: Float64Array, field: number, value: number): void {
  sample[field] = (sample[field] ?? 0) + value;
}

function perSecond(gained: Float64Array): number {
  const seconds = (gained[AT] ?? 0) / 1_000;
  return seconds > 0 ? (gained[TRIES] ?? 0) / seconds : 0;
}
