/**
 * What came of tries, as workers tell the primary: rows of numbers in the message `outcomes`, and the scale of its latencies.
 *
 *     worker: one backend, 50 ms ──▶ [slot, answers, errors, streak, hasRecovered, lastError] ──▶ primary
 */

/** The errors that speak against a backend, in words for people. A row names one by its place. */
export const OUTCOME_ERRORS = [
  'connect',
  'tls',
  'timeout',
  'reset',
  'protocol',
  '502',
  '503',
  '504',
] as const;

/** An error that speaks against a backend. */
export type OutcomeError = (typeof OUTCOME_ERRORS)[number];

/** What a worker saw of one backend since it last told. */
export interface OutcomeRow {
  readonly slot: number;
  /** Heads of answers without error, less those whose body broke off later: it may be below zero. */
  readonly answers: number;
  readonly errors: number;
  /** Errors in a row up to now, those that were told before included. */
  readonly streak: number;
  /** Something other than an error came between, so that no error before it counts as one in a row. */
  readonly hasRecovered: boolean;
  /** Undefined when there was none. */
  readonly lastError: OutcomeError | undefined;
}

/** Numbers that a row takes. */
const ROW_LENGTH = 6;

/** Writes rows behind each other. */
export function packRows(rows: readonly OutcomeRow[]): Int32Array {
  const packed = new Int32Array(rows.length * ROW_LENGTH);
  for (const [place, row] of rows.entries()) {
    const error = row.lastError === undefined ? -1 : OUTCOME_ERRORS.indexOf(row.lastError);
    packed.set(
      [row.slot, row.answers, row.errors, row.streak, row.hasRecovered ? 1 : 0, error],
      place * ROW_LENGTH,
    );
  }
  return packed;
}

/** Reads them again. */
export function* unpackRows(packed: Int32Array): Generator<OutcomeRow, void, undefined> {
  for (let at = 0; at + ROW_LENGTH <= packed.length; at += ROW_LENGTH) {
    const [slot = 0, answers = 0, errors = 0, streak = 0, recovered = 0, error = -1] =
      packed.subarray(at, at + ROW_LENGTH);
    const lastError = OUTCOME_ERRORS[error];
    yield { slot, answers, errors, streak, hasRecovered: recovered === 1, lastError };
  }
}

/** Buckets of the scale of latencies: each bound is 2^(1/4) times the one before, from 1/8 ms to 131 s. */
export const LATENCY_BUCKETS = 80;
const BUCKETS_AN_OCTAVE = 4;
const LOWEST_EXPONENT = -3;

/** The bucket of a latency in milliseconds. */
export function latencyBucket(ms: number): number {
  const bucket = Math.floor((Math.log2(ms) - LOWEST_EXPONENT) * BUCKETS_AN_OCTAVE);
  return Math.max(0, Math.min(LATENCY_BUCKETS - 1, bucket));
}

/** Where a bucket begins, in milliseconds; with a fraction, a place within it. */
export function latencyAt(bucket: number): number {
  return 2 ** (bucket / BUCKETS_AN_OCTAVE + LOWEST_EXPONENT);
}
