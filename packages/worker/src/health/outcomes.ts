/**
 * What this worker sees of one backend's tries, until it is told to the primary, which judges.
 *
 *     answered, completed, failed, cut ──▶ counts ──▶ OutcomeReport ──▶ primary
 *                                            └─ enough errors in a row ──▶ onOutlier, at once
 */
import { FAILURES, type FailureCode } from '@lb/shared/errors/reasons';
import {
  LATENCY_BUCKETS,
  latencyBucket,
  type OutcomeError,
  type OutcomeRow,
} from '@lb/shared/ipc/outcomes';
import type { PassiveHealth } from '@lb/shared/model/rotation';
import { errorOf } from './error-status.ts';
import type { OutcomeReport } from './outcome-report.ts';

export interface OutcomesSetup {
  readonly slot: number;
  readonly settings: PassiveHealth;
  readonly report: OutcomeReport;
  /** So many errors in a row came that the backend should be out; called before the one that brought them returns. */
  readonly onOutlier: () => void;
}

export class Outcomes {
  readonly #slot: number;
  readonly #consecutiveErrors: number;
  readonly #report: OutcomeReport;
  readonly #onOutlier: () => void;
  /** Undefined where nobody asks for latencies. */
  readonly #latencies: Uint32Array | undefined;
  #answers = 0;
  #errors = 0;
  #streak = 0;
  /** Bodies that broke off, since the last that was complete. */
  #cuts = 0;
  #hasRecovered = false;
  #lastError: OutcomeError | undefined;
  #isNoted = false;

  constructor({ slot, settings, report, onOutlier }: OutcomesSetup) {
    this.#slot = slot;
    this.#consecutiveErrors = settings.consecutiveErrors;
    this.#report = report;
    this.#onOutlier = onOutlier;
    this.#latencies = settings.latencyFactor > 0 ? new Uint32Array(LATENCY_BUCKETS) : undefined;
  }

  /** A head came. It ends a row of errors, but not one of bodies that broke off: each of those had a good head, too. */
  answered(status: number, ms: number): void {
    this.#note();
    if (this.#latencies !== undefined) {
      const bucket = latencyBucket(ms);
      this.#latencies[bucket] = (this.#latencies[bucket] ?? 0) + 1;
    }
    const error = errorOf(status);
    if (error === undefined) {
      this.#answers++;
      if (this.#cuts === 0) this.#recover();
    } else {
      this.#err(error);
    }
  }

  /** An answer is complete. */
  completed(status: number): void {
    if (this.#cuts === 0 || errorOf(status) !== undefined) return;
    this.#note();
    this.#recover();
  }

  /** There was no answer. */
  failed(code: FailureCode): void {
    this.#note();
    this.#err(FAILURES[code].metric);
  }

  /** A body broke off: what was counted as an answer was an error. That of an error is not counted twice. */
  cut(status: number, code: FailureCode): void {
    if (errorOf(status) !== undefined) return;
    this.#note();
    this.#answers--;
    this.#cuts++;
    this.#err(FAILURES[code].metric);
  }

  /** Begins anew: what was seen before says nothing of the backend any more. */
  forget(): void {
    this.#answers = 0;
    this.#errors = 0;
    this.#latencies?.fill(0);
    this.#recover();
  }

  /** What came since the last call. @param latencies takes slot, bucket and count of each bucket that has any */
  take(latencies: number[]): OutcomeRow {
    const row = {
      slot: this.#slot,
      answers: this.#answers,
      errors: this.#errors,
      streak: this.#streak,
      hasRecovered: this.#hasRecovered,
      lastError: this.#lastError,
    };
    this.#answers = 0;
    this.#errors = 0;
    this.#lastError = undefined;
    this.#hasRecovered = false;
    this.#isNoted = false;
    if (this.#latencies === undefined) return row;
    for (const [bucket, count] of this.#latencies.entries())
      if (count > 0) latencies.push(this.#slot, bucket, count);
    this.#latencies.fill(0);
    return row;
  }

  #note(): void {
    if (this.#isNoted) return;
    this.#isNoted = true;
    this.#report.note(this);
  }

  #recover(): void {
    this.#streak = 0;
    this.#cuts = 0;
    this.#hasRecovered = true;
  }

  #err(error: OutcomeError): void {
    this.#errors++;
    this.#streak++;
    this.#lastError = error;
    if (this.#streak !== this.#consecutiveErrors) return;
    this.#onOutlier();
    // A verdict uses up what it went by, whatever came of it.
    this.#streak = 0;
  }
}
