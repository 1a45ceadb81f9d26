/** Requests of some stretch of time by how long they took: added up, and read as a whole. */
import {
  DURATION_CELLS,
  ERROR_CELL,
  FAILED_CELL,
  middleMs,
  TRAFFIC_CELLS,
} from '@lb/shared/metrics/traffic-cells';

/** A tally that takes no more room than it has to: cell, count, and again. */
export type Slice = Uint32Array;

/** No traffic. */
export const EMPTY_SLICE: Slice = new Uint32Array(0);

/** What a tally that never had anything counts in. */
const NO_COUNTS = new Uint32Array(0);

export class Tally {
  #counts = NO_COUNTS;
  #durations = 0;

  /** Answers and failures. */
  get requests(): number {
    return this.#durations + (this.#counts[FAILED_CELL] ?? 0);
  }

  /** Those that came to nothing or were answered with an error; an answer with an error that broke off counts twice. */
  get errors(): number {
    return (this.#counts[ERROR_CELL] ?? 0) + (this.#counts[FAILED_CELL] ?? 0);
  }

  add(cell: number, count: number): void {
    if (this.#counts === NO_COUNTS) this.#counts = new Uint32Array(TRAFFIC_CELLS);
    this.#counts[cell] = (this.#counts[cell] ?? 0) + count;
    if (cell < DURATION_CELLS) this.#durations += count;
  }

  /** Adds what is in a slice, or takes it away. */
  addSlice(slice: Slice, sign: 1 | -1): void {
    for (let at = 0; at < slice.length; at += 2)
      this.add(slice[at] ?? 0, sign * (slice[at + 1] ?? 0));
  }

  /** What is in it, which is empty then. */
  take(): Slice {
    if (this.requests + this.errors === 0) return EMPTY_SLICE;
    const found: number[] = [];
    for (let cell = 0; cell < TRAFFIC_CELLS; cell++) {
      const count = this.#counts[cell] ?? 0;
      if (count > 0) found.push(cell, count);
    }
    this.#counts.fill(0);
    this.#durations = 0;
    return Uint32Array.from(found);
  }

  /** The cell of a quantile; undefined without a duration. */
  quantileCell(quantile: number): number | undefined {
    if (this.#durations <= 0) return undefined;
    const rank = Math.ceil(quantile * this.#durations);
    let below = 0;
    for (let cell = 0; cell < DURATION_CELLS; cell++) {
      below += this.#counts[cell] ?? 0;
      if (below >= rank) return cell;
    }
    return undefined;
  }

  /** In milliseconds, right to 1.6 %; null without a duration. */
  quantileMs(quantile: number): number | null {
    const cell = this.quantileCell(quantile);
    return cell === undefined ? null : middleMs(cell);
  }
}
