/** What one living worker counts: the meaning of its cell numbers, and its own share of the totals. */
import type { MetricsDelta, SeriesDefinition } from '@lb/shared/ipc/messages';
import { cellCount, type Family, type Series } from './series.ts';

interface Line {
  readonly metric: string;
  readonly family: Family;
  readonly series: Series;
  readonly firstCell: number;
}

/** Reads the deltas of one worker. Cells are numbered from 0 in the order in which the series were defined. */
export class WorkerBook {
  readonly #workerId: number;
  readonly #familyOf: (metric: string) => Family | undefined;
  /** The line of each cell; undefined where the series made no sense. */
  readonly #cells: (Line | undefined)[] = [];
  readonly #totals = new Map<string, number>();
  #seriesCount = 0;
  #unreadable = false;

  constructor(workerId: number, familyOf: (metric: string) => Family | undefined) {
    this.#workerId = workerId;
    this.#familyOf = familyOf;
  }

  /** Adds a delta to the series. What makes no sense is left out; returns what that was, in words, or undefined. */
  apply(delta: MetricsDelta): string | undefined {
    if (delta.cells.length !== delta.values.length) return 'cells and values differ in length';
    if (delta.series.length > 0 && delta.firstSeries !== this.#seriesCount)
      return `series start at ${delta.firstSeries}, expected ${this.#seriesCount}`;
    let complaint: string | undefined;
    for (const definition of delta.series) complaint = this.#define(definition) ?? complaint;
    for (let index = 0; index < delta.cells.length; index += 1) {
      const cell = delta.cells[index] ?? 0;
      complaint = this.#write(cell, delta.values[index] ?? 0) ?? complaint;
    }
    return complaint;
  }

  /** What this worker alone has: the sum over the series of a counter or gauge. */
  total(metric: string): number {
    const family = this.#familyOf(metric);
    if (family?.definition.type !== 'gauge') return this.#totals.get(metric) ?? 0;
    let sum = 0;
    for (const series of family.all()) sum += series.byWorker.get(this.#workerId) ?? 0;
    return sum;
  }

  /** Takes the worker's gauges out; what it counted stays. */
  close(): void {
    for (const line of this.#cells)
      if (line?.family.definition.type === 'gauge') line.family.forget(line.series, this.#workerId);
  }

  #define({ metric, labels }: SeriesDefinition): string | undefined {
    this.#seriesCount += 1;
    // Without the number of its cells, nothing after it can be told apart: only the cells before it stay readable.
    if (this.#unreadable) return `series after an unknown metric: ${metric}`;
    const family = this.#familyOf(metric);
    this.#unreadable = family === undefined;
    if (family === undefined) return `unknown metric: ${metric}`;
    const { type, labels: names } = family.definition;
    const fits = labels.length === names.length;
    const firstCell = this.#cells.length;
    const line = fits ? { metric, family, series: family.series(labels), firstCell } : undefined;
    for (let cell = 0; cell < cellCount(type); cell += 1) this.#cells.push(line);
    if (type === 'gauge') line?.series.byWorker.set(this.#workerId, 0);
    return fits ? undefined : `${metric} with ${labels.length} labels`;
  }

  #write(cell: number, value: number): string | undefined {
    const line = this.#cells[cell];
    if (line === undefined) return `cell ${cell} is not defined`;
    const { metric, series, family, firstCell } = line;
    if (!Number.isFinite(value)) return `${metric} is not a number`;
    if (family.definition.type === 'gauge') {
      series.byWorker.set(this.#workerId, value);
      return undefined;
    }
    if (value < 0) return `${metric} goes down`;
    const offset = cell - firstCell;
    series.cells[offset] = (series.cells[offset] ?? 0) + value;
    if (family.definition.type === 'counter')
      this.#totals.set(metric, (this.#totals.get(metric) ?? 0) + value);
    return undefined;
  }
}
