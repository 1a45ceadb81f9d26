/** What a pool says of second tries: the rules, made ready when a snapshot arrives, the budget, and when it hedges. */
import { isDeepStrictEqual } from 'node:util';
import type { PoolConfig } from '@lb/shared/config/schema/root';
import type { RetryReason } from '@lb/shared/metrics/catalog';
import type { UpstreamRequest } from './forwarder.ts';
import { Hedging } from './hedging.ts';
import { RetryBudget } from './retry-budget.ts';
import type { RetryRules } from './retry.ts';

/** The sections of a pool that say it. */
export type SecondTriesConfig = Pick<PoolConfig, 'retries' | 'hedge' | 'timeouts'>;

export class SecondTries implements RetryRules {
  readonly budget: RetryBudget;
  #retries: PoolConfig['retries'];
  #reasons: ReadonlySet<RetryReason>;
  #statuses: ReadonlySet<number> | undefined;
  #timeouts: UpstreamRequest['timeouts'];
  #hedging: Hedging | undefined;

  constructor({ retries, hedge, timeouts }: SecondTriesConfig) {
    this.budget = new RetryBudget(retries.budget);
    this.#retries = retries;
    this.#reasons = reasonsOf(retries, timeouts);
    this.#statuses = statusesOf(retries);
    this.#timeouts = timeoutsOf(retries, timeouts);
    this.#hedging = hedge === null ? undefined : new Hedging(hedge);
  }

  /** Takes over a new snapshot; what is in flight, and what is known of response times, stays. */
  apply({ retries, hedge, timeouts }: SecondTriesConfig): void {
    this.budget.configure(retries.budget);
    this.#retries = retries;
    this.#reasons = reasonsOf(retries, timeouts);
    this.#statuses = statusesOf(retries);
    this.#timeouts = timeoutsOf(retries, timeouts);
    if (isDeepStrictEqual(this.#hedging?.config ?? null, hedge)) return;
    this.#hedging = hedge === null ? undefined : new Hedging(hedge);
  }

  get attempts(): number {
    return this.#retries.attempts;
  }

  get methods(): readonly string[] {
    return this.#retries.methods;
  }

  get backoff(): PoolConfig['retries']['backoff'] {
    return this.#retries.backoff;
  }

  get reasons(): ReadonlySet<RetryReason> {
    return this.#reasons;
  }

  /** Of answers that are no use when another can be had; undefined where every answer is taken. */
  get statuses(): ReadonlySet<number> | undefined {
    return this.#statuses;
  }

  /** Of every try: those of the pool, the answer due within `perTryTimeout`. */
  get timeouts(): UpstreamRequest['timeouts'] {
    return this.#timeouts;
  }

  /** undefined where nothing is hedged. */
  get hedging(): Hedging | undefined {
    return this.#hedging;
  }
}

/** Whoever gives a try little time wants another when it runs out. */
function reasonsOf(
  { on, perTryTimeout }: PoolConfig['retries'],
  { response }: PoolConfig['timeouts'],
): ReadonlySet<RetryReason> {
  const isCut = perTryTimeout > 0 && perTryTimeout <= response;
  return new Set<RetryReason>(isCut ? [...on, 'timeout'] : on);
}

function statusesOf({ on }: PoolConfig['retries']): ReadonlySet<number> | undefined {
  const statuses = on.map(Number).filter((status) => !Number.isNaN(status));
  return statuses.length === 0 ? undefined : new Set(statuses);
}

function timeoutsOf(
  { perTryTimeout }: PoolConfig['retries'],
  { connect, response, idle }: PoolConfig['timeouts'],
): UpstreamRequest['timeouts'] {
  const isCut = perTryTimeout > 0 && perTryTimeout < response;
  return { connect, response: isCut ? perTryTimeout : response, idle };
}
