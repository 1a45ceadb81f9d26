/**
 * What traffic was, step by step, of all that is followed, in bounded memory: rates as numbers, quantiles as the cells they were read
 * from. A row is a step, and a place in it is what had the traffic:
 *
 *     step 7 | place 0: rate, error rate, cells | place 1 | ...       12 bytes each
 *     step 8 | no row, when nothing had any
 *
 * 15 minutes by the second and a day by the minute are 28 KB for each place in the end.
 */
import { DURATION_CELLS, middleMs } from '@lb/shared/metrics/traffic-cells';
import { QUANTILES, type Tally } from './tally.ts';

/** What a history is asked for; columns of one length, the oldest value first. */
export interface HistoryColumns {
  readonly requestsPerSecond: readonly number[];
  readonly errorRate: readonly number[];
  readonly p50Ms: readonly (number | null)[];
  readonly p95Ms: readonly (number | null)[];
  readonly p99Ms: readonly (number | null)[];
}

/** Of a place: rate and error rate in single precision, and one more than the cell of each of QUANTILES, 0 for none. */
const WORDS = 3;
const CELL_BITS = 10;
const CELL_MASK = 2 ** CELL_BITS - 1;
if (DURATION_CELLS > CELL_MASK || QUANTILES.length * CELL_BITS > 32)
  throw new Error('the cells of the quantiles do not go into a word');

/** The same four bytes. */
const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);

/** A ring of steps. Steps are numbered from 0 on, and begun in their order. */
export class History {
  readonly #length: number;
  readonly #rows: (Uint32Array | undefined)[];
  #at = 0;
  #places = 0;

  /** @param length steps that are kept */
  constructor(length: number) {
    this.#length = length;
    this.#rows = Array.from({ length });
  }

  /** Writes are for this step from now on. @param places there are */
  begin(step: number, places: number): void {
    this.#at = step % this.#length;
    this.#places = places;
    const row = this.#rows[this.#at];
    if (row?.length === places * WORDS) row.fill(0);
    else this.#rows[this.#at] = undefined;
  }

  /** What is not written is a step without traffic. @param seconds that the step took */
  write(place: number, tally: Tally, seconds: number): void {
    const { requests, errors } = tally;
    if (requests === 0) return;
    const row = (this.#rows[this.#at] ??= new Uint32Array(this.#places * WORDS));
    const at = place * WORDS;
    row[at] = bitsOf(seconds > 0 ? requests / seconds : 0);
    row[at + 1] = bitsOf(Math.min(1, errors / requests));
    row[at + 2] = packed(tally.quantileCells() ?? []);
  }

  /** Nothing was there: the place is for something else now. */
  forget(place: number): void {
    for (const row of this.#rows) row?.fill(0, place * WORDS, (place + 1) * WORDS);
  }

  /** The steps before `end`, at most `count` and not more than there were or are kept. */
  read(place: number, end: number, count: number): HistoryColumns {
    const length = Math.min(count, end, this.#length);
    const words = (offset: number): number[] =>
      Array.from({ length }, (_, index) => {
        const row = this.#rows[(end - length + index) % this.#length];
        return row?.[place * WORDS + offset] ?? 0;
      });
    const cells = words(2);
    const quantiles = (index: number): (number | null)[] =>
      cells.map((word) => msOf((word >>> (index * CELL_BITS)) & CELL_MASK));
    return {
      requestsPerSecond: words(0).map(floatOf),
      errorRate: words(1).map(floatOf),
      p50Ms: quantiles(0),
      p95Ms: quantiles(1),
      p99Ms: quantiles(2),
    };
  }
}

function packed(cells: readonly number[]): number {
  return cells.reduce((word, cell, index) => word | ((cell + 1) << (index * CELL_BITS)), 0);
}

function msOf(kept: number): number | null {
  return kept === 0 ? null : middleMs(kept - 1);
}

function bitsOf(value: number): number {
  FLOAT[0] = value;
  return BITS[0] ?? 0;
}

/** Single precision has seven digits. */
function floatOf(bits: number): number {
  BITS[0] = bits;
  return Number((FLOAT[0] ?? 0).toPrecision(6));
}
