/**
 * One metric's series, where counts of workers and of the primary meet. A series is a row of columns and has no object of its
 * own: 1000 backends are some 40,000 of them.
 */
import { HISTOGRAM_CELLS, type MetricDefinition } from '@lb/shared/metrics/catalog';

/** Cells one series of this type takes in a MetricsDelta. */
export function cellCount(type: MetricDefinition['type']): number {
  return type === 'histogram' ? HISTOGRAM_CELLS : 1;
}

/** The number of a series in its family; it stays. */
export type Row = number;

const INITIAL_ROWS = 4;

/** Of a gauge: the primary set it, or the configuration implies it, so it is shown even when no worker has it. */
const HELD = 1;
/** Of a gauge: the configuration implies it no longer. */
const DROPPED = 2;

/** All series of one metric. */
export class Family {
  readonly definition: MetricDefinition;
  /** Cells of a row. Counter: one. Histogram: count of each bucket (not cumulative), +Inf, sum. Gauge: what the primary set. */
  readonly width: number;
  readonly #rows = new Map<string, Row>();
  readonly #labels: (readonly string[])[] = [];
  readonly #keys: string[] = [];
  #cells: Float64Array;
  #marks = new Uint8Array(INITIAL_ROWS);
  /** A gauge's value in each worker by row; NaN where the worker has none. */
  readonly #byWorker = new Map<number, Float64Array>();

  constructor(definition: MetricDefinition) {
    this.definition = definition;
    this.width = cellCount(definition.type);
    this.#cells = new Float64Array(INITIAL_ROWS * this.width);
  }

  /** The series with these label values, made at zero when there is none. The number of values is the caller's duty. */
  row(labels: readonly string[]): Row {
    const key = this.#keyOf(labels);
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const row = this.#rows.size;
    this.#rows.set(key, row);
    this.#labels.push([...labels]);
    this.#keys.push(key);
    if (row === this.#marks.length) this.#grow();
    return row;
  }

  find(labels: readonly string[]): Row | undefined {
    return this.#rows.get(this.#keyOf(labels));
  }

  /** Series there are, shown or not: their numbers are those below. */
  get size(): number {
    return this.#rows.size;
  }

  labels(row: Row): readonly string[] {
    return this.#labels[row] ?? [];
  }

  /** `pool="web",backend="b1"`, as Prometheus reads it. */
  labelText(row: Row): string {
    return this.#keys[row] ?? '';
  }

  /** What there is now, to be read. */
  cells(row: Row): Float64Array {
    return this.#cells.subarray(row * this.width, (row + 1) * this.width);
  }

  /** One of them. */
  cell(row: Row, offset: number): number {
    return this.#cells[row * this.width + offset] ?? 0;
  }

  add(row: Row, offset: number, amount: number): void {
    const at = row * this.width + offset;
    this.#cells[at] = (this.#cells[at] ?? 0) + amount;
  }

  /** Value of a counter or gauge, number of observations of a histogram. */
  value(row: Row): number {
    let sum = this.cell(row, 0);
    for (let offset = 1; offset < this.width - 1; offset++) sum += this.cell(row, offset);
    for (const column of this.#byWorker.values()) sum += orZero(column[row]);
    return sum;
  }

  /** A gauge is shown from now on. */
  hold(row: Row): void {
    this.#marks[row] = HELD;
  }

  /** Sets what the primary has of a gauge. */
  set(row: Row, value: number): void {
    this.#cells[row] = value;
  }

  /** Hides a gauge, one that workers still report as soon as it is zero. */
  drop(row: Row): void {
    this.#marks[row] = DROPPED;
    this.#cells[row] = 0;
  }

  /**
   * A counter or histogram is always shown. A gauge is shown while the primary holds it or a worker has it; one that was
   * dropped goes as soon as it is zero: connections of a removed listener are there until they are closed.
   */
  isShown(row: Row): boolean {
    if (this.definition.type === 'counter' || this.definition.type === 'histogram') return true;
    if (this.#marks[row] === DROPPED) return this.value(row) !== 0;
    return this.#marks[row] === HELD || this.#isReported(row);
  }

  /** Sets what a worker has of a gauge. */
  report(workerId: number, row: Row, value: number): void {
    let column = this.#byWorker.get(workerId);
    if (column === undefined || row >= column.length) {
      const longer = new Float64Array(this.#marks.length).fill(Number.NaN);
      longer.set(column ?? []);
      this.#byWorker.set(workerId, longer);
      column = longer;
    }
    column[row] = value;
  }

  /** What a worker has of all rows of a gauge. */
  workerTotal(workerId: number): number {
    let sum = 0;
    for (const value of this.#byWorker.get(workerId) ?? []) sum += orZero(value);
    return sum;
  }

  /** Takes a worker out. */
  forget(workerId: number): void {
    this.#byWorker.delete(workerId);
  }

  #isReported(row: Row): boolean {
    for (const column of this.#byWorker.values())
      if (row < column.length && !Number.isNaN(column[row])) return true;
    return false;
  }

  /** The text of its labels on a page, which is kept anyway: two series of one metric differ in it. */
  #keyOf(labels: readonly string[]): string {
    return labelTextOf(this.definition.labels, labels);
  }

  #grow(): void {
    const marks = new Uint8Array(this.#marks.length * 2);
    marks.set(this.#marks);
    this.#marks = marks;
    const cells = new Float64Array(this.#cells.length * 2);
    cells.set(this.#cells);
    this.#cells = cells;
  }
}

/** Zero for what is NaN or not there. */
function orZero(value: number | undefined): number {
  return value === undefined || Number.isNaN(value) ? 0 : value;
}

function labelTextOf(names: readonly string[], values: readonly string[]): string {
  return names.map((name, place) => `${name}="${escaped(values[place] ?? '')}"`).join(',');
}

const SPECIAL = /[\\\n"]/;

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
function escaped(value: string): string {
  if (!SPECIAL.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
