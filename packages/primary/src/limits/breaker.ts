/**
 * The circuit breaker of one backend, over all workers.
 *
 *     closed ──too many tries failed──▶ open ──openFor──▶ half open ──halfOpen tries ended well──▶ closed
 *                                        ▲                   │
 *                                        └──one failed───────┘
 *
 * @see M. Nygard, "Release It!", 2007, "Circuit Breaker"
 */
import type { PoolConfig } from '@lb/shared/config/schema/root';
import type { BreakerState } from '@lb/shared/metrics/catalog';
import type { Clock } from '@lb/shared/time/clock';
import type { Cancel, Schedule } from '../health/watch.ts';
import { ErrorWindow } from './error-window.ts';

export type BreakerConfig = NonNullable<PoolConfig['circuitBreaker']>;

export interface BreakerOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly schedule: Schedule;
  /** It is in another state, and why. */
  readonly onChange: (from: BreakerState, to: BreakerState, reason: string) => void;
  /** There are trials again for who asked in vain. */
  readonly onTrials: () => void;
}

export class Breaker {
  readonly #options: BreakerOptions;
  #config: BreakerConfig;
  #window: ErrorWindow;
  #state: BreakerState = 'closed';
  #timer: Cancel | undefined;
  /** Tries that may still begin while it is half open, and those of them that ended well. */
  #trialsLeft = 0;
  #succeeded = 0;

  constructor(config: BreakerConfig, options: BreakerOptions) {
    this.#config = config;
    this.#options = options;
    this.#window = new ErrorWindow(config.window);
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Other thresholds hold from now on; the state stays. */
  configure(config: BreakerConfig): void {
    if (config.window !== this.#config.window) this.#window = new ErrorWindow(config.window);
    this.#config = config;
  }

  /** So many tries ended in some worker, and so many failed. */
  count(ended: number, failed: number): void {
    if (this.#state === 'closed') this.#countClosed(ended, failed);
    else if (this.#state === 'half_open') this.#countTrials(ended, failed);
  }

  /** Gives out trials. @returns how many of the wanted ones may begin */
  takeTrials(wanted: number): number {
    if (this.#state !== 'half_open') return 0;
    const given = Math.min(wanted, this.#trialsLeft);
    this.#trialsLeft -= given;
    return given;
  }

  close(): void {
    this.#timer?.();
  }

  #countClosed(ended: number, failed: number): void {
    const { errorRate, minRequests } = this.#config;
    const window = this.#window;
    window.add(ended, failed, this.#options.clock.monotonicMs());
    if (failed === 0 || window.ended < minRequests) return;
    if (window.failed / window.ended < errorRate) return;
    this.#open(`${window.failed} of ${window.ended} tries failed`);
  }

  #countTrials(ended: number, failed: number): void {
    if (failed > 0) {
      this.#open('a try failed while it was half open');
      return;
    }
    // What began before it opened may end now; it cannot make up for trials that were not given out.
    const given = this.#config.halfOpen - this.#trialsLeft;
    this.#succeeded = Math.min(this.#succeeded + ended, given);
    if (this.#succeeded < this.#config.halfOpen) return;
    this.#timer?.();
    this.#window.clear();
    this.#enter('closed', `${this.#config.halfOpen} tries ended well`);
  }

  #open(reason: string): void {
    this.#wait(() => {
      this.#succeeded = 0;
      this.#giveTrials();
      this.#enter('half_open', `was open for ${this.#config.openFor / 1_000} s`);
    });
    this.#enter('open', reason);
  }

  #giveTrials(): void {
    this.#trialsLeft = this.#config.halfOpen - this.#succeeded;
    // A trial may never end: its worker is gone, its client left, nobody came to use it. Another takes its place.
    this.#wait(() => {
      this.#giveTrials();
      this.#options.onTrials();
    });
  }

  #wait(run: () => void): void {
    this.#timer?.();
    this.#timer = this.#options.schedule(this.#config.openFor, run);
  }

  #enter(to: BreakerState, reason: string): void {
    const from = this.#state;
    this.#state = to;
    this.#options.onChange(from, to, reason);
  }
}
