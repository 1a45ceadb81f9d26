/**
 * Counts requests of routes and tries of backends by how long they took, for quantiles (see traffic-cells.ts). Of the hundreds of
 * cells of a series few are touched between two deltas, so there is one hash table of those for all series: idle ones
 * take no memory, and what is sent is what the table holds.
 */
import type { TrafficDelta, TrafficSeries } from '@lb/shared/ipc/messages';
import { cellOf, ERROR_CELL, FAILED_CELL, TRAFFIC_CELLS } from '@lb/shared/metrics/traffic-cells';

/** The number of a series. */
export type TrafficNumber = number;

const INITIAL_BITS = 8;

/** 2^32 divided by the golden ratio: spreads neighbours over the table. @see D. Knuth, TAOCP volume 3, section 6.4 */
const FIBONACCI = 0x9e3779b1;

export class TrafficCounts {
  /** Keys are one more than series and cell say, so that 0 is a free place. Open addressing, never more than half full. */
  #keys = new Uint32Array(1 << INITIAL_BITS);
  #counts = new Uint32Array(1 << INITIAL_BITS);
  #bits = INITIAL_BITS;
  #used = 0;
  readonly #byName = new Map<string, TrafficNumber>();
  #unsent: TrafficSeries[] = [];

  /** Finds or makes a series. */
  series(definition: TrafficSeries): TrafficNumber {
    const name = JSON.stringify(definition);
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const number = this.#byName.size;
    this.#byName.set(name, number);
    this.#unsent.push(definition);
    return number;
  }

  /** An answer came after this long. */
  answered(series: TrafficNumber, ms: number, isError: boolean): void {
    this.#add(series * TRAFFIC_CELLS + cellOf(ms) + 1, 1);
    if (isError) this.error(series);
  }

  /** An answer that was counted went wrong. */
  error(series: TrafficNumber): void {
    this.#add(series * TRAFFIC_CELLS + ERROR_CELL + 1, 1);
  }

  /** No answer came. */
  failed(series: TrafficNumber): void {
    this.#add(series * TRAFFIC_CELLS + FAILED_CELL + 1, 1);
  }

  /** What happened since the last call, or undefined when nothing did. */
  takeDelta(): TrafficDelta | undefined {
    if (this.#used === 0 && this.#unsent.length === 0) return undefined;
    const keys = new Uint32Array(this.#used);
    const counts = new Uint32Array(this.#used);
    let place = 0;
    for (let at = 0; at < this.#keys.length; at++) {
      const key = this.#keys[at] ?? 0;
      if (key === 0) continue;
      keys[place] = key - 1;
      counts[place] = this.#counts[at] ?? 0;
      place++;
    }
    this.#keys.fill(0);
    this.#used = 0;
    const series = this.#unsent;
    this.#unsent = [];
    return {
      type: 'traffic',
      firstSeries: this.#byName.size - series.length,
      series,
      keys,
      counts,
    };
  }

  #add(key: number, count: number): void {
    const keys = this.#keys;
    const last = keys.length - 1;
    let at = Math.imul(key, FIBONACCI) >>> (32 - this.#bits);
    while (keys[at] !== key) {
      if (keys[at] === 0) {
        keys[at] = key;
        this.#counts[at] = count;
        this.#used++;
        if (this.#used * 2 > keys.length) this.#grow();
        return;
      }
      at = (at + 1) & last;
    }
    this.#counts[at] = (this.#counts[at] ?? 0) + count;
  }

  #grow(): void {
    const [keys, counts] = [this.#keys, this.#counts];
    this.#bits++;
    this.#keys = new Uint32Array(1 << this.#bits);
    this.#counts = new Uint32Array(1 << this.#bits);
    this.#used = 0;
    for (const [at, key] of keys.entries()) if (key !== 0) this.#add(key, counts[at] ?? 0);
  }
}
