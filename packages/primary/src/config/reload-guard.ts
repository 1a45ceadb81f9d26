/**
 * Watches what a reload does to traffic, and has it taken back when that gets worse:
 *
 *     watch ─▶ look, once a second ─┬─ worse ─────────────▶ go back ─▶ reverted, or failed
 *                                   ├─ the time is up ────▶ kept
 *                                   └─ another one came ──▶ superseded
 */
import type { GuardReply } from '@lb/shared/admin-api/contract';
import type { Clock } from '@lb/shared/time/clock';
import { gained } from '../metrics/request-history.ts';
import type { RequestCounts, RequestHistory } from '../metrics/request-history.ts';
import { MIN_REQUESTS, worsened } from './judge-reload.ts';

/** A guard sees nothing in less than a second, and nobody waits for longer than an hour. */
export const SHORTEST_GUARD_MS = 1_000;
export const LONGEST_GUARD_MS = 3_600_000;

/** What came of it. */
export type GuardVerdict = GuardReply;

/** A reload that is to be watched. */
export interface Watched {
  readonly guardMs: number;
  /** The traffic by the configuration before. */
  readonly before: RequestCounts;
  /** Puts the configuration before in force again. @param reason why */
  readonly goBack: (reason: string) => Promise<GuardVerdict>;
}

interface Watch extends Watched {
  readonly untilMs: number;
  /** Totals when it came into force. */
  readonly from: RequestCounts;
  readonly settle: (verdict: GuardVerdict | Promise<GuardVerdict>) => void;
}

export interface ReloadGuardOptions {
  readonly clock: Clock;
  readonly history: Pick<RequestHistory, 'total'>;
}

/** Guards one reload at a time. */
export class ReloadGuard {
  readonly #options: ReloadGuardOptions;
  #watch: Watch | undefined;

  constructor(options: ReloadGuardOptions) {
    this.#options = options;
  }

  /** Until when the configuration in force is watched, in milliseconds since 1970; undefined when it is not. */
  get watchesUntilMs(): number | undefined {
    const { clock } = this.#options;
    return this.#watch && this.#watch.untilMs - clock.monotonicMs() + clock.wallMs();
  }

  /** Watches from now on; resolves to the verdict. Ends the watch before. */
  watch(watched: Watched): Promise<GuardVerdict> {
    this.end('superseded', 'another reload came');
    const { promise, resolve } = Promise.withResolvers<GuardVerdict>();
    const { clock, history } = this.#options;
    const untilMs = clock.monotonicMs() + watched.guardMs;
    this.#watch = { ...watched, untilMs, from: history.total(), settle: resolve };
    return promise;
  }

  /** Compares, and decides when there is something to decide; its owner calls it once a second. */
  look(): void {
    const watch = this.#watch;
    if (watch === undefined) return;
    const { clock, history } = this.#options;
    const after = gained(watch.from, history.total());
    const reason = worsened(watch.before, after);
    if (reason !== undefined) {
      this.#watch = undefined;
      watch.settle(watch.goBack(reason));
    } else if (clock.monotonicMs() >= watch.untilMs) {
      const isTold = after.requests >= MIN_REQUESTS;
      const few = `${after.requests} requests are too few to tell`;
      this.end('kept', isTold ? 'neither errors nor p99 got worse' : few);
    }
  }

  /** Ends the watch, if there is one, and leaves the configuration as it is. */
  end(verdict: 'kept' | 'superseded' | 'stopped', reason: string): void {
    this.#watch?.settle({ verdict, reason });
    this.#watch = undefined;
  }
}
