/** What one living worker counts: the meaning of its cell numbers, and its own share of the totals. */
import type { MetricsDelta, SeriesDefinition } from '@lb/shared/ipc/messages';
import { cellCount, type Family, type Row } from './series.ts';

/** A series of the worker. */
interface Line {
  readonly metric: string;
  readonly family: Family;
  readonly row: Row;
  readonly firstCell: number;
  readonly total: Total;
}

/** What the worker added to all series of a counter. */
interface Total {
  sum: number;
}

/** Reads the deltas of one worker. Cells are numbered from 0 in the order in which the series were defined. */
export class WorkerBook {
  readonly #workerId: number;
  readonly #familyOf: (metric: string) => Family | undefined;
  /** The line of each cell; undefined where the series made no sense. */
  readonly #cells: (Line | undefined)[] = [];
  readonly #totals = new Map<string, Total>();
  readonly #gauges = new Set<Family>();
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
    if (family?.definition.type === 'gauge') return family.workerTotal(this.#workerId);
    return this.#totals.get(metric)?.sum ?? 0;
  }

  /** Takes the worker's gauges out; what it counted stays. */
  close(): void {
    for (const family of this.#gauges) family.forget(this.#workerId);
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
    const line = fits ? this.#line(metric, family, labels) : undefined;
    for (let cell = 0; cell < cellCount(type); cell += 1) this.#cells.push(line);
    return fits ? undefined : `${metric} with ${labels.length} labels`;
  }

  #line(metric: string, family: Family, labels: readonly string[]): Line {
    const row = family.row(labels);
    const total = this.#totals.get(metric) ?? { sum: 0 };
    this.#totals.set(metric, total);
    if (family.definition.type === 'gauge') {
      this.#gauges.add(family);
      family.report(this.#workerId, row, 0);
    }
    return { metric, family, row, firstCell: this.#cells.length, total };
  }

  #write(cell: number, value: number): string | undefined {
    const line = this.#cells[cell];
    if (line === undefined) return `cell ${cell} is not defined`;
    const { metric, family, row, firstCell, total } = line;
    if (!Number.isFinite(value)) return `${metric} is not a number`;
    if (family.definition.type === 'gauge') {
      family.report(this.#workerId, row, value);
      return undefined;
    }
    if (value < 0) return `${metric} goes down`;
    family.add(row, cell - firstCell, value);
    if (family.definition.type === 'counter') total.sum += value;
    return undefined;
  }
}
