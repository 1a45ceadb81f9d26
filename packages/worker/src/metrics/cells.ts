/**
 * Where a worker counts. A series is found once and counted by its cell number from then on, so that counting on the
 * request path is one addition into a typed array; a timer sends what was added to the primary and starts again at zero.
 */
import type { MetricsDelta, SeriesDefinition } from '@lb/shared/ipc/messages';
import {
  DURATION_BUCKETS_SECONDS,
  HISTOGRAM_CELLS,
  METRICS,
  type MetricName,
} from '@lb/shared/metrics/catalog';
import { TrafficCounts } from './traffic-counts.ts';

/** The number of a series' first cell. */
export type Cell = number;

const INITIAL_CELLS = 1024;
const INFINITY_BUCKET = DURATION_BUCKETS_SECONDS.length;

/** All the series of one worker. */
export class Cells {
  /** What quantiles are read from. */
  readonly traffic = new TrafficCounts();
  /** Counters and histograms: what was added since the last delta. Gauges: the value. */
  #values = new Float64Array(INITIAL_CELLS);
  /** Gauges: the value that was sent last. */
  #sent = new Float64Array(INITIAL_CELLS);
  #isGauge = new Uint8Array(INITIAL_CELLS);
  #used = 0;
  readonly #byKey = new Map<string, Cell>();
  #defined = 0;
  #unsent: SeriesDefinition[] = [];

  /** Finds or makes a series; for the time when a snapshot arrives, or the first use of a rare label. */
  series(metric: MetricName, ...labels: string[]): Cell {
    const key = `${metric}\n${labels.join('\n')}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const { type } = METRICS[metric];
    const cell = this.#used;
    this.#used += type === 'histogram' ? HISTOGRAM_CELLS : 1;
    while (this.#used > this.#values.length) this.#grow();
    if (type === 'gauge') this.#isGauge[cell] = 1;
    this.#byKey.set(key, cell);
    this.#unsent.push({ metric, labels });
    return cell;
  }

  /** Counts, or moves a gauge by a positive or negative amount. */
  add(cell: Cell, amount: number): void {
    this.#values[cell] = (this.#values[cell] ?? 0) + amount;
  }

  /** Sets a gauge. */
  set(cell: Cell, value: number): void {
    this.#values[cell] = value;
  }

  /** Puts a duration into the histogram that starts at this cell. */
  observe(cell: Cell, ms: number): void {
    const seconds = ms / 1000;
    let bucket = 0;
    while (bucket < INFINITY_BUCKET && seconds > (DURATION_BUCKETS_SECONDS[bucket] ?? 0)) bucket++;
    this.add(cell + bucket, 1);
    this.add(cell + INFINITY_BUCKET + 1, seconds);
  }

  /** What happened since the last call, or undefined when nothing did. */
  takeDelta(): MetricsDelta | undefined {
    const changed: number[] = [];
    for (let cell = 0; cell < this.#used; cell++) {
      const before = this.#isGauge[cell] === 1 ? this.#sent[cell] : 0;
      if (this.#values[cell] !== before) changed.push(cell);
    }
    if (changed.length === 0 && this.#unsent.length === 0) return undefined;
    const values = new Float64Array(changed.length);
    for (const [place, cell] of changed.entries()) {
      values[place] = this.#values[cell] ?? 0;
      if (this.#isGauge[cell] === 1) this.#sent[cell] = this.#values[cell] ?? 0;
      else this.#values[cell] = 0;
    }
    const firstSeries = this.#defined;
    const series = this.#unsent;
    this.#defined += series.length;
    this.#unsent = [];
    return { type: 'metrics', firstSeries, series, cells: Uint32Array.from(changed), values };
  }

  #grow(): void {
    const length = this.#values.length * 2;
    const values = new Float64Array(length);
    values.set(this.#values);
    this.#values = values;
    const sent = new Float64Array(length);
    sent.set(this.#sent);
    this.#sent = sent;
    const isGauge = new Uint8Array(length);
    isGauge.set(this.#isGauge);
    this.#isGauge = isGauge;
  }
}
