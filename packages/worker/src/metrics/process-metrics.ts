/** What the worker says of itself: event-loop delay and memory. */
import type { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Cell, Cells } from './cells.ts';

const NANOSECONDS_PER_SECOND = 1e9;

/** monitorEventLoopDelay measures its own timer's period along. */
const RESOLUTION_SECONDS = 0.02;

type IntervalHistogram = ReturnType<typeof monitorEventLoopDelay>;

/** Samples per window: the histogram is started anew after this many, so that the quantiles are of the last seconds. */
const SAMPLES_PER_WINDOW = 20;

export class ProcessMetrics {
  readonly #cells: Cells;
  readonly #delay: IntervalHistogram;
  readonly #p50: Cell;
  readonly #p99: Cell;
  readonly #rss: Cell;
  #samples = 0;
  #lastRss = 0;

  constructor(cells: Cells, place: number, delay: IntervalHistogram) {
    this.#cells = cells;
    this.#delay = delay;
    this.#p50 = cells.series('lb_worker_event_loop_delay_seconds', String(place), '0.5');
    this.#p99 = cells.series('lb_worker_event_loop_delay_seconds', String(place), '0.99');
    this.#rss = cells.series('lb_worker_rss_bytes', String(place));
    delay.enable();
  }

  sample(): void {
    this.#cells.set(this.#p50, this.#delaySeconds(50));
    this.#cells.set(this.#p99, this.#delaySeconds(99));
    this.#cells.set(this.#rss, this.#readRss());
    this.#samples++;
    if (this.#samples % SAMPLES_PER_WINDOW === 0) this.#delay.reset();
  }

  /** Node opens a file to learn it, which fails when this process has run out of descriptors; the last value stands then. */
  #readRss(): number {
    try {
      this.#lastRss = process.memoryUsage.rss();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
    return this.#lastRss;
  }

  #delaySeconds(percentile: number): number {
    const seconds =
      this.#delay.percentile(percentile) / NANOSECONDS_PER_SECOND - RESOLUTION_SECONDS;
    // Whole tenths of a millisecond: finer changes are noise that would make every delta carry these cells.
    return Math.max(0, Math.round(seconds * 10_000) / 10_000);
  }
}
