/** What a backend did within the window: counts in ten slices of it, so that what is older goes a slice at a time. */
import { LATENCY_BUCKETS, latencyAt } from '@lb/shared/ipc/outcomes';

const SLICES = 10;

/** Tries, and those of them that were errors. */
export interface Counts {
  readonly requests: number;
  readonly errors: number;
}

interface Slice {
  /** Number of the slice since the clock began. */
  number: number;
  answers: number;
  errors: number;
  /** By bucket; undefined until there is one. */
  latencies: Uint32Array | undefined;
}

export class OutcomeWindow {
  /** How long a slice lasts. */
  readonly #sliceMs: number;
  readonly #slices: Slice[] = [];

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  /** Adds what a worker saw; `answers` may be below zero. */
  add(nowMs: number, answers: number, errors: number): void {
    const slice = this.#slice(nowMs);
    slice.answers += answers;
    slice.errors += errors;
  }

  /** Adds latencies of one bucket. */
  addLatencies(nowMs: number, bucket: number, count: number): void {
    const slice = this.#slice(nowMs);
    slice.latencies ??= new Uint32Array(LATENCY_BUCKETS);
    slice.latencies[bucket] = (slice.latencies[bucket] ?? 0) + count;
  }

  counts(nowMs: number): Counts {
    let answers = 0;
    let errors = 0;
    for (const slice of this.#current(nowMs)) {
      answers += slice.answers;
      errors += slice.errors;
    }
    // The head of a body that broke off may have left the window already.
    return { requests: Math.max(answers + errors, errors), errors };
  }

  /** The latency that 95 % of the answers stayed below, in milliseconds; undefined with fewer than `least` answers. */
  p95Ms(nowMs: number, least: number): number | undefined {
    const buckets = new Float64Array(LATENCY_BUCKETS);
    let total = 0;
    for (const { latencies } of this.#current(nowMs)) {
      for (const [bucket, count] of latencies?.entries() ?? []) {
        buckets[bucket] = (buckets[bucket] ?? 0) + count;
        total += count;
      }
    }
    if (total === 0 || total < least) return undefined;
    const rank = 0.95 * total;
    let below = 0;
    for (const [bucket, count] of buckets.entries()) {
      if (count > 0 && below + count >= rank) return latencyAt(bucket + (rank - below) / count);
      below += count;
    }
    return latencyAt(LATENCY_BUCKETS);
  }

  /** Begins anew. */
  clear(): void {
    this.#slices.length = 0;
  }

  #slice(nowMs: number): Slice {
    const number = Math.floor(nowMs / this.#sliceMs);
    const place = number % SLICES;
    const known = this.#slices[place];
    if (known?.number === number) return known;
    const slice = { number, answers: 0, errors: 0, latencies: known?.latencies?.fill(0) };
    this.#slices[place] = slice;
    return slice;
  }

  #current(nowMs: number): Slice[] {
    const oldest = Math.floor(nowMs / this.#sliceMs) - SLICES;
    // A place that was never written to is a hole, which filter leaves out.
    return this.#slices.filter(({ number }) => number > oldest);
  }
}
