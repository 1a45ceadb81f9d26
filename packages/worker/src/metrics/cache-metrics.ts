/** What a cache counts. */
import { CACHE_RESULTS, type CacheResult } from '@lb/shared/metrics/catalog';
import type { Cell, Cells } from './cells.ts';

export class CacheMetrics {
  readonly #cells: Cells;
  readonly #byResult: ReadonlyMap<CacheResult, Cell>;
  readonly #bytes: Cell;
  readonly #evictions: Cell;

  constructor(cells: Cells, cache: string) {
    this.#cells = cells;
    this.#byResult = new Map(
      CACHE_RESULTS.map((result) => [
        result,
        cells.series('lb_cache_requests_total', cache, result),
      ]),
    );
    this.#bytes = cells.series('lb_cache_bytes', cache);
    this.#evictions = cells.series('lb_cache_evictions_total', cache);
  }

  count(result: CacheResult): void {
    const cell = this.#byResult.get(result);
    if (cell !== undefined) this.#cells.add(cell, 1);
  }

  setBytes(bytes: number): void {
    this.#cells.set(this.#bytes, bytes);
  }

  evicted(): void {
    this.#cells.add(this.#evictions, 1);
  }
}
