/** When a pool sends a slow request to a second backend. */
import type { PoolConfig } from '@lb/shared/config/schema/root';
import { ResponseTimes } from './response-times.ts';

type HedgeConfig = NonNullable<PoolConfig['hedge']>;

export class Hedging {
  readonly config: HedgeConfig;
  /** Where the wait goes by them. */
  readonly #times: ResponseTimes | undefined;

  constructor(config: HedgeConfig) {
    this.config = config;
    this.#times = config.after === 'p95' ? new ResponseTimes(0.95) : undefined;
  }

  /** Whether requests with this method are hedged. */
  covers(method: string): boolean {
    return (this.config.methods as readonly string[]).includes(method);
  }

  /** Milliseconds that a first try has; undefined while nobody can say what is slow. */
  afterMs(nowMs: number): number | undefined {
    const { after } = this.config;
    return after === 'p95' ? this.#times?.estimateMs(nowMs) : after;
  }

  /**
   * A first try was answered after so long, or was given up for a hedge: then it would have taken longer still, and without it
   * only the fast ones would count, the estimate fall, and ever more be hedged.
   */
  observe(ms: number, nowMs: number): void {
    this.#times?.observe(ms, nowMs);
  }
}
