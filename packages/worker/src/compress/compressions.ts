/** The compressions of all routes of a worker, which share its memory for them. */
import type { RouteConfig } from '@lb/shared/config/schema/root';
import type { Cells } from '../metrics/cells.ts';
import { CompressMetrics } from '../metrics/compress-metrics.ts';
import { Compression } from './compression.ts';
import { CompressorPlaces } from './compressor-places.ts';

export class Compressions {
  readonly #places = new CompressorPlaces();
  readonly #cells: Cells;

  constructor(cells: Cells) {
    this.#cells = cells;
  }

  /** undefined when the route does not compress. */
  of({ name, compress }: RouteConfig): Compression | undefined {
    if (compress === null) return undefined;
    return new Compression(compress, this.#places, new CompressMetrics(this.#cells, name));
  }
}
