/**
 * The traffic of one thing: a route, a backend, a pool, all of it.
 *
 *     add ──▶ this second ── step ──▶ the last ten seconds
 *                                ├──▶ history by the second
 *                                ├──▶ this minute ── every 60th ──▶ history by the minute
 *                                └──▶ recorded, when somebody asks for it
 */
import type { TrafficReply } from '@lb/shared/admin-api/statistics';
import { middleMs } from '@lb/shared/metrics/traffic-cells';
import type { History, HistoryColumns } from './history.ts';
import { EMPTY_SLICE, joined, type Slice, type Tally } from './tally.ts';

/** Seconds that a reading covers. */
export const WINDOW_SECONDS = 10;

/** Steps that are kept: 15 minutes and a day. */
export const SECONDS_KEPT = 900;
export const MINUTES_KEPT = 1_440;

/** A second that is over. */
export interface Step {
  /** From 0 on. */
  readonly number: number;
  readonly seconds: number;
}

/** What there was since it was asked for the last time. */
export interface Recorded extends Omit<TrafficReply, 'requestsPerSecond' | 'errorRate'> {
  readonly requests: number;
  readonly errors: number;
}

/** The past of all flows. */
export interface Histories {
  readonly bySecond: History;
  readonly byMinute: History;
}

export class Flow {
  /** In the histories; its own as long as it is there. */
  readonly place: number;
  readonly #histories: Histories;
  /** What came in this second, in any order. */
  #coming: number[] = [];
  /** Of the last seconds, each at its number modulo the length. */
  readonly #slices: Slice[] = Array.from({ length: WINDOW_SECONDS }, () => EMPTY_SLICE);
  #minute: Slice = EMPTY_SLICE;
  /** Undefined while nobody records. */
  #recorded: Slice | undefined;

  constructor(place: number, histories: Histories) {
    this.place = place;
    this.#histories = histories;
  }

  add(cell: number, count: number): void {
    this.#coming.push(cell, count);
  }

  /** A second is over. @param scratch an empty one, to add up in: a thousand flows need no thousand places for that */
  step({ number, seconds }: Step, scratch: Tally): void {
    const at = number % WINDOW_SECONDS;
    if (this.#coming.length === 0) {
      this.#slices[at] = EMPTY_SLICE;
      return;
    }
    scratch.addSlice(this.#coming);
    this.#coming = [];
    this.#histories.bySecond.write(this.place, scratch, seconds);
    const slice = scratch.take();
    this.#slices[at] = slice;
    this.#minute = joined(this.#minute, slice, scratch);
    if (this.#recorded !== undefined) this.#recorded = joined(this.#recorded, slice, scratch);
  }

  /** A minute is over; called after the step that ended it. */
  stepMinute({ seconds }: Step, scratch: Tally): void {
    scratch.addSlice(this.#minute);
    this.#minute = EMPTY_SLICE;
    this.#histories.byMinute.write(this.place, scratch, seconds);
    scratch.clear();
  }

  /** Keeps what comes for takeRecorded(), or does not any more. */
  record(isOn: boolean): void {
    this.#recorded = isOn ? (this.#recorded ?? EMPTY_SLICE) : undefined;
  }

  /** Of the steps since the last time; nothing while nobody records. */
  takeRecorded(scratch: Tally): Recorded {
    scratch.addSlice(this.#recorded ?? EMPTY_SLICE);
    if (this.#recorded !== undefined) this.#recorded = EMPTY_SLICE;
    const { requests, errors } = scratch;
    const recorded = { requests, errors: Math.min(requests, errors), ...quantilesOf(scratch) };
    scratch.clear();
    return recorded;
  }

  /** Of the last steps. @param seconds how long they took @param scratch an empty one, to add them up in */
  reading(seconds: number, scratch: Tally): TrafficReply {
    return readingOf(this.#slices, seconds, scratch);
  }

  /** Of the last second. @param step the one that it was */
  lastSecond({ number, seconds }: Step, scratch: Tally): TrafficReply {
    return readingOf([this.#slices[number % WINDOW_SECONDS] ?? EMPTY_SLICE], seconds, scratch);
  }

  seconds(end: number, count: number): HistoryColumns {
    return this.#histories.bySecond.read(this.place, end, count);
  }

  minutes(end: number, count: number): HistoryColumns {
    return this.#histories.byMinute.read(this.place, end, count);
  }
}

/** No traffic. */
export const NO_TRAFFIC: TrafficReply = {
  requestsPerSecond: 0,
  errorRate: 0,
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
};

function readingOf(slices: readonly Slice[], seconds: number, scratch: Tally): TrafficReply {
  for (const slice of slices) scratch.addSlice(slice);
  const { requests, errors } = scratch;
  const quantiles = quantilesOf(scratch);
  scratch.clear();
  if (requests <= 0 || seconds <= 0) return NO_TRAFFIC;
  return {
    requestsPerSecond: Math.round((1_000 * requests) / seconds) / 1_000,
    errorRate: Math.min(1, errors / requests),
    ...quantiles,
  };
}

function quantilesOf(tally: Tally): Pick<TrafficReply, 'p50Ms' | 'p95Ms' | 'p99Ms'> {
  const [p50, p95, p99] = tally.quantileCells() ?? [];
  return { p50Ms: msOf(p50), p95Ms: msOf(p95), p99Ms: msOf(p99) };
}

function msOf(cell: number | undefined): number | null {
  return cell === undefined ? null : middleMs(cell);
}
