/**
 * Follows a backend without probes: only a failure on real traffic takes it down, and it is given back on trial.
 *
 *     unknown ──traffic failed──▶ down ──interval, then x 2, at most 1 min──▶ unknown (trial)
 */
import type { HealthRecord } from './health-record.ts';
import type { Cancel, Watch, WatchTools } from './watch.ts';

/** Longest time a backend without probes stays down, unless its interval is longer. */
const LONGEST_MS = 60_000;

/** Gives a backend back by time alone. */
export class TrialWatch implements Watch {
  readonly #record: HealthRecord;
  readonly #intervalMs: number;
  readonly #tools: Pick<WatchTools, 'clock' | 'schedule'>;
  #timer: Cancel | undefined;
  #backOffMs = 0;
  #givenBackAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    record: HealthRecord,
    intervalMs: number,
    tools: Pick<WatchTools, 'clock' | 'schedule'>,
  ) {
    this.#record = record;
    this.#intervalMs = intervalMs;
    this.#tools = tools;
    record.enter('unknown', 'no health check');
  }

  /** Reports while it is down are late news of the same failure and lengthen nothing. */
  reportFailure(reason: string): void {
    if (this.#timer !== undefined) return;
    const held = this.#tools.clock.monotonicMs() - this.#givenBackAtMs;
    const repeated = held <= this.#backOffMs;
    const longest = Math.max(LONGEST_MS, this.#intervalMs);
    this.#backOffMs = repeated ? Math.min(this.#backOffMs * 2, longest) : this.#intervalMs;
    this.#timer = this.#tools.schedule(this.#backOffMs, () => {
      this.#timer = undefined;
      this.#givenBackAtMs = this.#tools.clock.monotonicMs();
      this.#record.enter('unknown', `on trial after: ${reason}`);
    });
    this.#record.enter('down', `traffic failed: ${reason}`);
  }

  /** There is nobody to ask. */
  doubt(): void {}

  close(): void {
    this.#timer?.();
    this.#timer = undefined;
  }
}
