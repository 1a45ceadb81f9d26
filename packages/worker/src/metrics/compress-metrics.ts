/** What a route counts of the answers that it compresses. */
import { COMPRESS_RESULTS, type CompressResult } from '@lb/shared/metrics/catalog';
import type { CompressedBytes } from '../compress/compressor.ts';
import type { Cell, Cells } from './cells.ts';

export class CompressMetrics {
  readonly #cells: Cells;
  readonly #byResult: ReadonlyMap<CompressResult, Cell>;
  readonly #bytesIn: Cell;
  readonly #bytesOut: Cell;

  constructor(cells: Cells, route: string) {
    this.#cells = cells;
    this.#byResult = new Map(
      COMPRESS_RESULTS.map((result) => [
        result,
        cells.series('lb_compress_answers_total', route, result),
      ]),
    );
    this.#bytesIn = cells.series('lb_compress_bytes_total', route, 'in');
    this.#bytesOut = cells.series('lb_compress_bytes_total', route, 'out');
  }

  count(result: CompressResult): void {
    const cell = this.#byResult.get(result);
    if (cell !== undefined) this.#cells.add(cell, 1);
  }

  compressed({ taken, given }: CompressedBytes): void {
    this.#cells.add(this.#bytesIn, taken);
    this.#cells.add(this.#bytesOut, given);
  }
}
