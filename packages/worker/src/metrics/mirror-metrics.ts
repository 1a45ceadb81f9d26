/** What a route counts of its copies. */
import { MIRROR_RESULTS, type MirrorResult } from '@lb/shared/metrics/catalog';
import type { Cell, Cells } from './cells.ts';

export class MirrorMetrics {
  readonly #cells: Cells;
  readonly #byResult: ReadonlyMap<MirrorResult, Cell>;

  constructor(cells: Cells, route: string) {
    this.#cells = cells;
    this.#byResult = new Map(
      MIRROR_RESULTS.map((result) => [
        result,
        cells.series('lb_mirror_requests_total', route, result),
      ]),
    );
  }

  count(result: MirrorResult): void {
    const cell = this.#byResult.get(result);
    if (cell !== undefined) this.#cells.add(cell, 1);
  }
}
