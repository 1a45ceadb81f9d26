/** Requests of some stretch of time by how long they took: added up, and read as a whole. */
import {
  DURATION_CELLS,
  ERROR_CELL,
  FAILED_CELL,
  TRAFFIC_CELLS,
} from '@lb/shared/metrics/traffic-cells';

/** A tally that takes no more room than it has to: cell, count, and again. */
export type Slice = readonly number[];

/** No traffic. */
export const EMPTY_SLICE: Slice = [];

/** p50, p95 and p99. */
export const QUANTILES: readonly number[] = [0.5, 0.95, 0.99];

export class Tally {
  readonly #counts = new Uint32Array(TRAFFIC_CELLS);
  #durations = 0;
  /** Durations were counted from this cell on, up to and with that one. There are hundreds of cells, and few are used. */
  #lowest = DURATION_CELLS;
  #highest = -1;

  /** Answers and failures. */
  get requests(): number {
    return this.#durations + (this.#counts[FAILED_CELL] ?? 0);
  }

  /** Those that came to nothing or were answered with an error; an answer with an error that broke off counts twice. */
  get errors(): number {
    return (this.#counts[ERROR_CELL] ?? 0) + (this.#counts[FAILED_CELL] ?? 0);
  }

  add(cell: number, count: number): void {
    this.#counts[cell] = (this.#counts[cell] ?? 0) + count;
    if (cell >= DURATION_CELLS) return;
    this.#durations += count;
    if (cell < this.#lowest) this.#lowest = cell;
    if (cell > this.#highest) this.#highest = cell;
  }

  /** Adds what is in a slice. */
  addSlice(slice: Slice): void {
    for (let at = 0; at < slice.length; at += 2) this.add(slice[at] ?? 0, slice[at + 1] ?? 0);
  }

  /** What is in it, which is empty then. */
  take(): Slice {
    if (this.requests + this.errors === 0) return EMPTY_SLICE;
    const counts = this.#counts;
    const found: number[] = [];
    const find = (cell: number): void => {
      const count = counts[cell] ?? 0;
      if (count > 0) found.push(cell, count);
    };
    for (let cell = this.#lowest; cell <= this.#highest; cell++) find(cell);
    find(ERROR_CELL);
    find(FAILED_CELL);
    this.clear();
    // Not with the room that it grew by.
    return found.slice();
  }

  clear(): void {
    this.#counts.fill(0);
    this.#durations = 0;
    this.#lowest = DURATION_CELLS;
    this.#highest = -1;
  }

  /** The cells of QUANTILES; undefined without a duration. */
  quantileCells(): readonly number[] | undefined {
    if (this.#durations <= 0) return undefined;
    let cell = this.#lowest - 1;
    let below = 0;
    return QUANTILES.map((quantile) => {
      const rank = Math.ceil(quantile * this.#durations);
      while (below < rank) {
        cell++;
        below += this.#counts[cell] ?? 0;
      }
      return cell;
    });
  }
}

/** Both. @param scratch an empty one, to add them up in */
export function joined(one: Slice, other: Slice, scratch: Tally): Slice {
  if (one.length === 0) return other;
  if (other.length === 0) return one;
  scratch.addSlice(one);
  scratch.addSlice(other);
  return scratch.take();
}
