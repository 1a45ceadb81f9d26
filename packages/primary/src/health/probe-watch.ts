/**
 * Follows one backend by probes, one at a time.
 *
 *     start ─▶ wait ─▶ probe ─▶ threshold ─▶ record
 *               ▲                  │
 *               └── interval +-20 % ┘        reportFailure: down at once, next probe soon
 *                                           doubt: next probe soon, and down if it fails
 */
import type { HealthRecord } from './health-record.ts';
import type { ProbeResult, ProbeTarget } from './probes/probe.ts';
import { afterResult, TRIPPED, UNPROBED, type Standing } from './threshold.ts';
import type { Cancel, Watch, WatchTools } from './watch.ts';

/** How long after a failure on real traffic the backend is probed, at most. */
const SOON_MS = 200;

/** Probes a backend until it is closed. */
export class ProbeWatch implements Watch {
  readonly #record: HealthRecord;
  readonly #target: ProbeTarget;
  readonly #tools: WatchTools;
  #standing: Standing;
  #timer: Cancel | undefined;
  #inFlight: AbortController | undefined;
  /** Traffic failed while the probe was under way: its success tells of the time before. */
  #outdated = false;
  #soonAtMs = Number.NEGATIVE_INFINITY;
  #probeSoon = false;
  /** A failure of the next probe that begins takes it down by itself. */
  #isDoubted = false;

  /** Keeps the record's state until the first result, which counts at once. */
  constructor(record: HealthRecord, target: ProbeTarget, tools: WatchTools) {
    this.#record = record;
    this.#target = target;
    this.#tools = tools;
    this.#standing = { ...UNPROBED, state: record.state };
  }

  /** Begins; called once. */
  start(delayMs: number): void {
    this.#arm(delayMs);
  }

  /**
   * A second failure within one interval does not hurry the next probe again: a backend whose health port answers while
   * its traffic port refuses would otherwise go up and down several times a second.
   */
  reportFailure(reason: string): void {
    const wasDown = this.#standing.state === 'down';
    this.#standing = TRIPPED;
    this.#outdated = this.#inFlight !== undefined;
    if (wasDown) return;
    const now = this.#tools.clock.monotonicMs();
    this.#probeSoon = now - this.#soonAtMs >= this.#target.healthCheck.interval;
    if (this.#probeSoon) this.#soonAtMs = now;
    if (this.#inFlight === undefined) this.#arm(this.#delayMs(0));
    this.#record.enter('down', `traffic failed: ${reason}`);
  }

  doubt(): void {
    if (this.#standing.state === 'down') return;
    this.#isDoubted = true;
    this.#outdated = this.#inFlight !== undefined;
    this.#probeSoon = true;
    if (this.#inFlight === undefined) this.#arm(this.#delayMs(0));
  }

  close(): void {
    this.#timer?.();
    this.#timer = undefined;
    this.#inFlight?.abort();
    this.#inFlight = undefined;
  }

  #arm(delayMs: number): void {
    this.#timer?.();
    this.#timer = this.#tools.schedule(delayMs, () => {
      this.#timer = undefined;
      this.#probe();
    });
  }

  /** Time to the next probe; `spentMs` of the interval went by with the last one. */
  #delayMs(spentMs: number): number {
    const { random } = this.#tools;
    const { interval } = this.#target.healthCheck;
    const hurried = this.#probeSoon;
    this.#probeSoon = false;
    if (hurried) return Math.min(interval, SOON_MS) * (0.5 + 0.5 * random());
    return Math.max(0, interval * (0.8 + 0.4 * random()) - spentMs);
  }

  #probe(): void {
    const { clock, log, probe } = this.#tools;
    const inFlight = new AbortController();
    this.#inFlight = inFlight;
    const startedAt = clock.monotonicMs();
    const { timeout: timeoutMs } = this.#target.healthCheck;
    probe(this.#target, { timeoutMs, clock, signal: inFlight.signal })
      .then((result) => {
        if (inFlight.signal.aborted) return;
        this.#inFlight = undefined;
        this.#arm(this.#delayMs(clock.monotonicMs() - startedAt));
        this.#take(result);
      })
      .catch((error: unknown) => {
        log.error({ err: error, ...this.#record.identity }, 'health check failed unexpectedly');
        if (inFlight.signal.aborted || this.#timer !== undefined) return;
        this.#inFlight = undefined;
        this.#arm(this.#delayMs(0));
      });
  }

  #take(result: ProbeResult): void {
    const before = this.#standing;
    const stale = this.#outdated && result.ok;
    this.#outdated = false;
    this.#record.remember(result);
    this.#tools.onProbe({ ...this.#record.identity, ...result });
    if (stale) return;
    const isDoubted = this.#isDoubted;
    this.#isDoubted = false;
    if (isDoubted && !result.ok) {
      this.#standing = TRIPPED;
      this.#record.enter('down', `traffic failed, and the probe after it: ${result.detail}`);
      return;
    }
    this.#standing = afterResult(before, result.ok, this.#target.healthCheck);
    if (this.#standing.state !== before.state || before.fresh)
      this.#record.enter(this.#standing.state, this.#reason(before, result));
  }

  #reason(before: Standing, { ok, detail }: ProbeResult): string {
    if (before.fresh) return `first probe ${ok ? 'passed' : 'failed'}: ${detail}`;
    const inARow = before.against + 1;
    const count = inARow === 1 ? 'probe' : `${inARow} probes in a row`;
    return `${count} ${ok ? 'passed' : 'failed'}: ${detail}`;
  }
}
