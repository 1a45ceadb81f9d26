/**
 * Every count of the instance, in one place. Workers send what they gained, the primary adds its own, and a scrape reads
 * what is here without asking anybody.
 *
 *     worker 1 ── delta ──▶┐
 *     worker 2 ── delta ──▶├── series ──▶ exposition, admin API, backend window
 *     primary  ── add ────▶┘
 *
 * Counters and histograms are kept until the primary ends: neither the death of a worker nor a reload that removes a backend,
 * route or pool makes a total go down. Gauges go with what they describe.
 */
import type { MetricsDelta } from '@lb/shared/ipc/messages';
import {
  DURATION_BUCKETS_SECONDS,
  METRICS,
  type MetricDefinition,
  type MetricName,
} from '@lb/shared/metrics/catalog';
import type { Snapshot } from '@lb/shared/model/snapshot';
import type { Logger } from 'pino';
import { Exposition, type ExpositionPage } from './exposition.ts';
import { isImplied, impliedSeries } from './implied-series.ts';
import { Family } from './series.ts';
import { WorkerBook } from './worker-book.ts';

/** What the aggregate is built from. */
export interface MetricsAggregateOptions {
  readonly version: string;
  readonly node: string;
  readonly startedAtSeconds: number;
  /** Told of deltas that make no sense. */
  readonly log?: Logger;
}

/** True for the series that count; gets the label values in the order of the catalog. */
export type SeriesFilter = (labels: readonly string[]) => boolean;

/** Owner of all series. */
export class MetricsAggregate {
  readonly #log: Logger | undefined;
  readonly #families: ReadonlyMap<MetricName, Family>;
  readonly #exposition: Exposition;
  readonly #books = new Map<number, WorkerBook>();
  #malformedDeltas = 0;

  constructor({ version, node, startedAtSeconds, log }: MetricsAggregateOptions) {
    this.#log = log;
    this.#families = new Map(
      (Object.entries(METRICS) as [MetricName, MetricDefinition][]).map(([name, definition]) => [
        name,
        new Family(definition),
      ]),
    );
    this.#exposition = new Exposition(this.#families);
    this.set('lb_build_info', [version, node], 1);
    this.set('lb_start_time_seconds', [version, node], startedAtSeconds);
  }

  /** Deltas with something in them that made no sense; it was left out. */
  get malformedDeltas(): number {
    return this.#malformedDeltas;
  }

  /** Takes what a worker counted. Ids are unique among the workers that live at one time. Never throws. */
  applyDelta(workerId: number, delta: MetricsDelta): void {
    let book = this.#books.get(workerId);
    if (book === undefined) {
      book = new WorkerBook(workerId, (metric) => this.#families.get(metric as MetricName));
      this.#books.set(workerId, book);
    }
    const complaint = book.apply(delta);
    if (complaint === undefined) return;
    this.#malformedDeltas += 1;
    this.#log?.warn({ workerId, complaint }, 'metrics of a worker make no sense');
  }

  /** A worker ended: its gauges go, what it counted stays, and a later worker with its id starts with new numbers. */
  removeWorker(workerId: number): void {
    this.#books.get(workerId)?.close();
    this.#books.delete(workerId);
  }

  /** Adds to a counter of the primary, 1 by default. @throws RangeError when the labels are not those of the catalog. */
  add(metric: MetricName, labels: readonly string[], value = 1): void {
    const family = this.#family(metric, labels);
    family.add(family.row(labels), 0, value);
  }

  /** Sets a gauge of the primary. @throws RangeError when the labels are not those of the catalog. */
  set(metric: MetricName, labels: readonly string[], value: number): void {
    const family = this.#family(metric, labels);
    const row = family.row(labels);
    family.hold(row);
    family.set(row, value);
  }

  /** Puts a duration into a histogram. @throws RangeError when the labels are not those of the catalog. */
  observe(metric: MetricName, labels: readonly string[], seconds: number): void {
    const family = this.#family(metric, labels);
    const row = family.row(labels);
    const found = DURATION_BUCKETS_SECONDS.findIndex((bound) => seconds <= bound);
    family.add(row, found === -1 ? DURATION_BUCKETS_SECONDS.length : found, 1);
    family.add(row, family.width - 1, seconds);
  }

  /** Makes a series at zero, or keeps it; a gauge is shown from now on. */
  ensure(metric: MetricName, labels: readonly string[]): void {
    const family = this.#family(metric, labels);
    family.hold(family.row(labels));
  }

  /** Hides the gauges that match, those that workers still report as soon as they are zero. Other metrics are kept. */
  drop(metric: MetricName, matches: SeriesFilter): void {
    const family = this.#family(metric);
    if (family.definition.type !== 'gauge') return;
    for (let row = 0; row < family.size; row++) if (matches(family.labels(row))) family.drop(row);
  }

  /** Makes every series that the configuration implies, and drops the gauges of what it no longer names. */
  seed(snapshot: Pick<Snapshot, 'config' | 'pools'>): void {
    for (const { metric, labels } of impliedSeries(snapshot)) this.ensure(metric, labels);
    const implied = isImplied(snapshot);
    for (const [metric, { definition }] of this.#families)
      this.drop(metric, (labels) => !implied(definition.labels, labels));
  }

  /** One series' value: a counter's, a gauge's over all workers, or a histogram's number of observations; 0 when unknown. */
  value(metric: MetricName, labels: readonly string[]): number {
    const family = this.#family(metric);
    const row = family.find(labels);
    return row === undefined ? 0 : family.value(row);
  }

  /** The sum of `value` over the series that match, all by default. */
  total(metric: MetricName, filter?: SeriesFilter): number {
    const family = this.#family(metric);
    let sum = 0;
    for (let row = 0; row < family.size; row++)
      if (filter === undefined || filter(family.labels(row))) sum += family.value(row);
    return sum;
  }

  /** What one living worker has of a counter or gauge; 0 for a worker that is gone. */
  workerTotal(workerId: number, metric: MetricName): number {
    return this.#books.get(workerId)?.total(metric) ?? 0;
  }

  /** Calls for every series with its labels and its cells, which must not be written to. */
  each(metric: MetricName, visit: (labels: readonly string[], cells: Float64Array) => void): void {
    const family = this.#family(metric);
    for (let row = 0; row < family.size; row++) visit(family.labels(row), family.cells(row));
  }

  /** The page for `GET /metrics`, in the format that the Accept header prefers. */
  expose(accept: string | undefined): ExpositionPage {
    return this.#exposition.page(accept);
  }

  /** @param labels as many as the metric has, where a series may be made */
  #family(metric: MetricName, labels?: readonly string[]): Family {
    const family = this.#families.get(metric);
    if (family === undefined) throw new RangeError(`no such metric: ${metric}`);
    const names = family.definition.labels;
    if (labels !== undefined && labels.length !== names.length)
      throw new RangeError(`${metric} has the labels ${names.join(', ')}`);
    return family;
  }
}
