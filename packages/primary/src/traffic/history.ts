/**
 * What traffic was, step by step, in bounded memory: rates as numbers, quantiles as the cells they were read from. 15 minutes by
 * the second and a day by the minute take 33 KB in the end; a series that never had any traffic takes nothing.
 */
import { middleMs } from '@lb/shared/metrics/traffic-cells';
import { QUANTILES, type Tally } from './tally.ts';

/** What a history is asked for; columns of one length, the oldest value first. */
export interface HistoryColumns {
  readonly requestsPerSecond: readonly number[];
  readonly errorRate: readonly number[];
  readonly p50Ms: readonly (number | null)[];
  readonly p95Ms: readonly (number | null)[];
  readonly p99Ms: readonly (number | null)[];
}

interface Columns {
  readonly rates: Float32Array;
  readonly errorRates: Float32Array;
  /** Of each of QUANTILES: one more than the cell; 0 for none. */
  readonly cells: readonly Uint16Array[];
}

/** Steps that there is room for at first; then for twice as many, until it is a ring. */
const FIRST_ROOM = 64;

/** A ring of steps. Steps are numbered from 0 on; what is not written is a step without traffic. */
export class History {
  readonly #length: number;
  #columns: Columns | undefined;
  /** The first step with traffic, which stands at the beginning of the columns. */
  #first = 0;

  /** @param length steps that are kept */
  constructor(length: number) {
    this.#length = length;
  }

  /** Writes a step. Each has to be written, in its order. */
  write(step: number, tally: Tally, seconds: number): void {
    const { requests, errors } = tally;
    if (this.#columns === undefined) {
      if (requests === 0) return;
      this.#first = step;
    }
    const at = (step - this.#first) % this.#length;
    const { rates, errorRates, cells } = this.#columnsWith(at);
    rates[at] = seconds > 0 ? requests / seconds : 0;
    errorRates[at] = requests > 0 ? Math.min(1, errors / requests) : 0;
    const quantiles = tally.quantileCells();
    for (const [index, column] of cells.entries()) column[at] = (quantiles?.[index] ?? -1) + 1;
  }

  /** The steps before `end`, at most `count` and not more than there were or are kept. */
  read(end: number, count: number): HistoryColumns {
    const length = Math.min(count, end, this.#length);
    const places = Array.from({ length }, (_, index) => this.#placeOf(end - length + index));
    const columns = this.#columns;
    const quantiles = (index: number): (number | null)[] =>
      places.map((at) => msOf(columns?.cells[index]?.[at] ?? 0));
    return {
      requestsPerSecond: places.map((at) => rounded(columns?.rates[at] ?? 0)),
      errorRate: places.map((at) => rounded(columns?.errorRates[at] ?? 0)),
      p50Ms: quantiles(0),
      p95Ms: quantiles(1),
      p99Ms: quantiles(2),
    };
  }

  /** -1, where there is nothing, for what was before the first. */
  #placeOf(step: number): number {
    return step < this.#first ? -1 : (step - this.#first) % this.#length;
  }

  #columnsWith(place: number): Columns {
    const room = this.#columns?.rates.length ?? 0;
    if (this.#columns !== undefined && place < room) return this.#columns;
    this.#columns = grown(this.#columns, Math.min(this.#length, Math.max(FIRST_ROOM, 2 * room)));
    return this.#columns;
  }
}

/** The same with more room behind it. */
function grown(columns: Columns | undefined, length: number): Columns {
  const longer = {
    rates: new Float32Array(length),
    errorRates: new Float32Array(length),
    cells: QUANTILES.map(() => new Uint16Array(length)),
  };
  if (columns === undefined) return longer;
  longer.rates.set(columns.rates);
  longer.errorRates.set(columns.errorRates);
  for (const [index, column] of columns.cells.entries()) longer.cells[index]?.set(column);
  return longer;
}

function msOf(kept: number): number | null {
  return kept === 0 ? null : middleMs(kept - 1);
}

/** Single precision has seven digits. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
