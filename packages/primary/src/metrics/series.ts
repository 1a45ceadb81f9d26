/** One metric's series: where counts of workers and of the primary meet. */
import { HISTOGRAM_CELLS, type MetricDefinition } from '@lb/shared/metrics/catalog';

/** Cells one series of this type takes in a MetricsDelta. */
export function cellCount(type: MetricDefinition['type']): number {
  return type === 'histogram' ? HISTOGRAM_CELLS : 1;
}

/** One combination of label values. */
export class Series {
  readonly labels: readonly string[];
  /** The labels by name, one object for the series' life: prom-client keeps the text it makes of it by this identity. */
  readonly labelSet: Readonly<Record<string, string>>;
  /** Counter: one. Histogram: count of each bucket (not cumulative), +Inf, sum. Gauge: what the primary set. */
  readonly cells: Float64Array;
  /** A gauge's value in each worker that reported it. */
  readonly byWorker = new Map<number, number>();
  /** Set by the primary or implied by the configuration: it is shown even when no worker has it. */
  held = false;
  /** No longer implied by the configuration. */
  dropped = false;

  constructor(definition: MetricDefinition, labels: readonly string[]) {
    this.labels = [...labels];
    this.labelSet = Object.fromEntries(
      definition.labels.map((name, index) => [name, labels[index] ?? '']),
    );
    this.cells = new Float64Array(cellCount(definition.type));
  }

  /** Value of a counter or gauge, number of observations of a histogram. */
  value(): number {
    if (this.cells.length > 1) return countOf(this.cells);
    let sum = this.cells[0] ?? 0;
    for (const part of this.byWorker.values()) sum += part;
    return sum;
  }
}

/** Observations in the cells of a histogram. */
function countOf(cells: Float64Array): number {
  let count = 0;
  for (let index = 0; index < cells.length - 1; index += 1) count += cells[index] ?? 0;
  return count;
}

/** All series of one metric. */
export class Family {
  readonly definition: MetricDefinition;
  readonly #series = new Map<string, Series>();

  constructor(definition: MetricDefinition) {
    this.definition = definition;
  }

  /** The series with these label values, made at zero when there is none. The number of values is the caller's duty. */
  series(labels: readonly string[]): Series {
    const key = keyOf(labels);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const series = new Series(this.definition, labels);
    this.#series.set(key, series);
    return series;
  }

  /** Series there are, shown or not. */
  get size(): number {
    return this.#series.size;
  }

  find(labels: readonly string[]): Series | undefined {
    return this.#series.get(keyOf(labels));
  }

  /** Every series there is, shown or not, in order of appearance. */
  all(): IterableIterator<Series> {
    return this.#series.values();
  }

  /**
   * A counter or histogram is always shown. A gauge is shown while the primary holds it or a worker has it; one that was
   * dropped goes as soon as it is zero: connections of a removed listener are there until they are closed.
   */
  isShown(series: Series): boolean {
    if (this.definition.type !== 'gauge') return true;
    return series.dropped ? series.value() !== 0 : series.held || series.byWorker.size > 0;
  }

  /** Takes a worker out of a gauge; a series that nobody has any more goes with it. */
  forget(series: Series, workerId: number): void {
    series.byWorker.delete(workerId);
    if (series.byWorker.size === 0 && !series.held) this.#series.delete(keyOf(series.labels));
  }
}

/** Label values are names, numbers and words of ours; none holds a line feed. */
function keyOf(labels: readonly string[]): string {
  return labels.join('\n');
}
