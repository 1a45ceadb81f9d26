/** A backend as passive health knows it: what it did lately, and its ejections. */
import type { OutcomeError, OutcomeRow } from '@lb/shared/ipc/outcomes';
import type { PassiveHealth } from '@lb/shared/model/rotation';
import type { BackendSnapshot, PoolSnapshot } from '@lb/shared/model/snapshot';
import type { BackendIdentity } from '../health/health-record.ts';
import type { Cancel } from '../health/watch.ts';
import { BLAMELESS, type Past } from './ejection.ts';
import { OutcomeWindow } from './outcome-window.ts';
import type { Errors } from './verdict.ts';

/** An ejection that lasts. */
export interface Ejection {
  /** In words for people. */
  readonly detail: string;
  /** When it ends, in milliseconds since 1970. */
  readonly untilMs: number;
  /** The how manieth in a row. */
  readonly count: number;
  /** Stops the timer that ends it. */
  readonly cancel: Cancel;
}

export class Suspect {
  readonly identity: BackendIdentity;
  readonly url: string;
  settings: PassiveHealth;
  ejection: Ejection | undefined;
  past: Past = BLAMELESS;
  /** When it was last said that an ejection did not happen, on the monotonic clock. */
  saidMs = Number.NEGATIVE_INFINITY;
  #window: OutcomeWindow;
  #streak = 0;
  #lastError: OutcomeError = 'reset';

  constructor(identity: BackendIdentity, url: string, settings: PassiveHealth) {
    this.identity = identity;
    this.url = url;
    this.settings = settings;
    this.#window = new OutcomeWindow(settings.window);
  }

  /** Whether it is this backend still. */
  isOf({ name: pool }: PoolSnapshot, { name: backend, url }: BackendSnapshot): boolean {
    const { identity } = this;
    return identity.pool === pool && identity.backend === backend && this.url === url;
  }

  /** Takes over settings of a reload; what was counted stays where it still fits. */
  adopt(settings: PassiveHealth): void {
    if (settings.window !== this.settings.window) this.#window = new OutcomeWindow(settings.window);
    this.settings = settings;
  }

  /** Takes what a worker saw. @returns what is known of its errors with it */
  take({ answers, errors, streak, hasRecovered, lastError }: OutcomeRow, nowMs: number): Errors {
    this.#window.add(nowMs, answers, errors);
    this.#streak = hasRecovered ? streak : this.#streak + errors;
    if (lastError !== undefined) this.#lastError = lastError;
    // An answer that another worker got in between does not make a worker's own row of errors shorter.
    const longest = Math.max(this.#streak, streak);
    return { ...this.#window.counts(nowMs), streak: longest, lastError: this.#lastError };
  }

  takeLatencies(bucket: number, count: number, nowMs: number): void {
    this.#window.addLatencies(nowMs, bucket, count);
  }

  /** Undefined without enough requests. */
  p95Ms(nowMs: number): number | undefined {
    return this.#window.p95Ms(nowMs, this.settings.minRequests);
  }

  /** Begins anew: a verdict uses up what it went by. */
  forget(): void {
    this.#window.clear();
    this.#streak = 0;
  }
}
