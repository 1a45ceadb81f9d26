/** What became of spans. */
import { TRACE_RESULTS, type TraceResult } from '@lb/shared/metrics/catalog';
import type { Cell, Cells } from './cells.ts';

export class TraceMetrics {
  readonly #cells: Cells;
  readonly #byResult: ReadonlyMap<TraceResult, Cell>;

  constructor(cells: Cells) {
    this.#cells = cells;
    this.#byResult = new Map(
      TRACE_RESULTS.map((result) => [result, cells.series('lb_trace_spans_total', result)]),
    );
  }

  count(result: TraceResult, spans: number): void {
    const cell = this.#byResult.get(result);
    if (cell !== undefined) this.#cells.add(cell, spans);
  }
}
