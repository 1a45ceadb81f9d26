/** Turns what happens in the parts of the instance into metrics and events, so that the parts need not know of either. */
import type { ConfigError } from '@lb/shared/config/parse';
import type { Config } from '@lb/shared/config/schema/root';
import type { Logger } from '@lb/shared/logging/logger';
import type { BackendSnapshot, Effective, PoolSnapshot } from '@lb/shared/model/snapshot';
import type { AdminAction } from '../admin/context.ts';
import type { GuardVerdict } from '../config/reload-guard.ts';
import type { ReloadOutcome } from '../config/reload.ts';
import type { HealthChange } from '../health/health-record.ts';
import type { SlowStartChange, SlowStarts } from '../health/slow-starts.ts';
import type { BreakerChange } from '../limits/breakers.ts';
import type { ProbeEvent } from '../health/watch.ts';
import type { MetricsAggregate } from '../metrics/aggregate.ts';
import { setBackendGauges } from '../metrics/backend-gauges.ts';
import type { EjectionChange, SparedEjection } from '../outliers/outlier-monitor.ts';
import { factsOf } from '../overrides/override.ts';
import type { OverrideChange } from '../overrides/override-table.ts';
import type { RollOutcome } from '../workers/roll.ts';
import type { Worker, WorkerDeath, WorkerState } from '../workers/worker.ts';
import type { SampleWriterHooks } from '../persist/sample-writer.ts';
import type { EventLog } from './event-log.ts';

const NO_OVERRIDE = { state: null, weight: null, deadline: null };

const OVERRIDE_EVENTS = {
  drain: 'backendDrained',
  disabled: 'backendDisabled',
  none: 'backendEnabled',
} as const;

const BREAKER_EVENTS = {
  closed: 'breakerClosed',
  open: 'breakerOpen',
  half_open: 'breakerHalfOpen',
} as const;

const PERSIST_GAUGES = ['lb_persist_up', 'lb_persist_queue_samples'] as const;

const WORKER_STATES: readonly WorkerState[] = ['starting', 'running', 'draining'];

export interface ChronicleOptions {
  readonly metrics: MetricsAggregate;
  readonly events: EventLog;
  readonly log: Logger;
  readonly wallMs: () => number;
  readonly pools: () => readonly PoolSnapshot[];
  readonly isStoreUp: () => boolean;
  readonly effectiveOf: (pool: string, backend: BackendSnapshot) => Effective;
  readonly slowStarts: Pick<SlowStarts, 'progressOf'>;
  /** What holds for backends of this pool may be something else now. */
  readonly onPool: (pool: string) => void;
}

export class Chronicle {
  /** What is kept outside, and what keeps it. */
  readonly persistHooks: SampleWriterHooks = {
    onChange: ({ reason, isFirst, dropped }) => {
      const { metrics, events } = this.#options;
      metrics.set('lb_persist_up', [], reason === null ? 1 : 0);
      if (reason !== null) events.record('persistDown', { reason });
      // A database that was there from the start is no news.
      else if (!isFirst) events.record('persistUp', { dropped });
    },
    onRefusal: (reason) => this.#options.events.record('persistRefused', { reason }),
    onSamples: (outcome, count) =>
      this.#options.metrics.add('lb_persist_samples_total', [outcome], count),
    onQueue: (samples) => this.#options.metrics.set('lb_persist_queue_samples', [], samples),
  };
  readonly #options: ChronicleOptions;
  /** Pools whose gauges are old. A thousand backends that go down together must not set a thousand gauges a thousand times. */
  readonly #stale = new Set<string>();

  constructor(options: ChronicleOptions) {
    this.#options = options;
  }

  /** A configuration is in force: every series it implies exists from here on. */
  configured(config: Config, warnings: readonly ConfigError[]): void {
    const { metrics, log, wallMs, pools, isStoreUp } = this.#options;
    metrics.seed({ config, pools: pools() });
    metrics.set('lb_config_last_reload_successful', [], 1);
    metrics.set('lb_store_up', [], isStoreUp() ? 1 : 0);
    metrics.set('lb_config_last_reload_success_timestamp_seconds', [], wallMs() / 1_000);
    if (config.metrics.persist === null)
      for (const gauge of PERSIST_GAUGES) metrics.drop(gauge, () => true);
    for (const { name } of pools()) this.#touch(name);
    for (const { path, line, message, hint } of warnings) {
      log.warn({ path, line, problem: message, hint }, 'configuration warning');
    }
  }

  /** Brings the gauges up to date; called before they are shown. */
  refresh(): void {
    const { metrics, pools, effectiveOf, slowStarts } = this.#options;
    for (const pool of pools()) {
      if (!this.#stale.delete(pool.name)) continue;
      setBackendGauges(metrics, pool, { effectiveOf, slowStarts });
      // Its weights go on by themselves.
      if (pool.backends.some(({ slot }) => slowStarts.progressOf(slot) !== undefined))
        this.#stale.add(pool.name);
    }
  }

  healthChanged({ pool, backend, from, to, reason }: HealthChange): void {
    this.#touch(pool);
    this.#options.metrics.add('lb_health_transitions_total', [pool, backend, to]);
    const facts = { pool, backend, from, to, reason };
    this.#options.events.record(to === 'down' ? 'backendDown' : 'backendUp', facts);
  }

  /** A backend was ejected, or is back. */
  ejected({ pool, backend, ejected, detail }: EjectionChange): void {
    const { metrics, events } = this.#options;
    this.#touch(pool);
    if (ejected === null) {
      events.record('backendReadmitted', { pool, backend, reason: detail });
      return;
    }
    const { reason, count: inARow, untilMs } = ejected;
    metrics.add('lb_ejections_total', [pool, backend, reason]);
    const until = new Date(untilMs).toISOString();
    events.record('backendEjected', { pool, backend, reason: detail, inARow, until });
  }

  /** A backend should have been ejected, and must not. */
  spared({ pool, backend, reason, detail, isNews }: SparedEjection): void {
    const { metrics, events } = this.#options;
    metrics.add('lb_ejections_suppressed_total', [pool, backend, reason]);
    if (isNews) events.record('ejectionSuppressed', { pool, backend, reason: detail });
  }

  /** A pool began to ignore health, or goes by it again. */
  panicked(pool: string, isPanicking: boolean): void {
    this.#options.events.record(isPanicking ? 'panicBegun' : 'panicEnded', { pool });
  }

  breakerChanged({ pool, backend, from, to, reason }: BreakerChange): void {
    this.#stale.add(pool);
    this.#options.metrics.add('lb_breaker_transitions_total', [pool, backend, to]);
    this.#options.events.record(BREAKER_EVENTS[to], { pool, backend, from, to, reason });
  }

  overridden({ pool, backend, before, after, by }: OverrideChange): void {
    this.#touch(pool);
    const { state, weight, deadline } = after === undefined ? NO_OVERRIDE : factsOf(after);
    const isSameState = (before?.state ?? null) === state;
    const isSameWeight = (before?.weight ?? null) === weight;
    // A drain that is asked for again, with another deadline perhaps, is a drain.
    const isWeight = isSameState && (state === null || !isSameWeight);
    const name = isWeight ? 'weightSet' : OVERRIDE_EVENTS[state ?? 'none'];
    this.#options.events.record(name, { pool, backend, state, weight, deadline, by });
  }

  /** A backend that is being drained has nothing in flight any more. */
  drainEmpty(pool: string, backend: string): void {
    this.#options.events.record('drainEmpty', { pool, backend });
  }

  /** A backend is in slow start, or is not any more. */
  slowStarted({ what, ...facts }: SlowStartChange): void {
    const { events } = this.#options;
    if (what === 'begun') events.record('slowStartBegun', facts);
    else events.record('slowStartEnded', { ...facts, isComplete: what === 'over' });
  }

  /** Somebody asked for a change over the admin API. */
  acted(action: AdminAction, result: string, by: string): void {
    const { metrics, events } = this.#options;
    metrics.add('lb_admin_actions_total', [action, result]);
    events.record('adminAction', { action, result, by });
  }

  probed({ pool, backend, ok, ms }: ProbeEvent): void {
    const result = ok ? 'ok' : 'fail';
    this.#options.metrics.add('lb_health_checks_total', [pool, backend, result]);
    this.#options.metrics.observe('lb_health_check_seconds', [pool], ms / 1_000);
  }

  workersChanged(workers: readonly Worker[]): void {
    for (const state of WORKER_STATES) {
      const count = workers.filter((worker) => worker.state === state).length;
      this.#options.metrics.set('lb_workers', [state], count);
    }
  }

  workerDied({ slot, isLoop, ...facts }: WorkerDeath): void {
    const { metrics, events } = this.#options;
    metrics.add('lb_worker_restarts_total', []);
    events.record('workerExit', { worker: slot, ...facts });
    if (isLoop) events.record('workerCrashLoop', { worker: slot, ...facts });
  }

  /** The guard of a reload ended. */
  guarded({ verdict, reason }: GuardVerdict): void {
    const { metrics, events, log } = this.#options;
    switch (verdict) {
      case 'kept':
        return events.record('reloadKept', { reason });
      case 'reverted':
        metrics.add('lb_config_reloads_total', ['reverted']);
        metrics.set('lb_config_last_reload_successful', [], 0);
        return events.record('reloadReverted', { reason });
      case 'failed':
        return events.record('reloadNotReverted', { reason });
      case 'superseded':
      case 'stopped':
        return log.info({ verdict, reason }, 'reload not guarded any longer');
    }
  }

  /** A rolling restart ended. */
  rolled({ ok, ...facts }: RollOutcome): void {
    this.#options.events.record(ok ? 'rolled' : 'rollFailed', facts);
  }

  /** The store is away, and why, or there (null). */
  storeChanged(reason: string | null): void {
    const { metrics, events } = this.#options;
    metrics.set('lb_store_up', [], reason === null ? 1 : 0);
    if (reason === null) events.record('storeUp', {});
    else events.record('storeDown', { reason });
  }

  /** A worker, by slot, began to shed requests, or sheds none any more. */
  shedding(worker: number, isShedding: boolean, delayMs: number): void {
    this.#options.events.record(isShedding ? 'overload' : 'overloadOver', { worker, delayMs });
  }

  /** A reload ended. */
  reloaded(outcome: ReloadOutcome): void {
    const { metrics, events } = this.#options;
    metrics.add('lb_config_reloads_total', [outcome.ok ? 'success' : 'failure']);
    if (outcome.ok) {
      events.record('reload', { changes: outcome.changes });
      return;
    }
    metrics.set('lb_config_last_reload_successful', [], 0);
    const errors = outcome.errors.map(({ path, line, message }) => ({ path, line, message }));
    events.record('reloadFailed', { errors });
  }

  #touch(pool: string): void {
    this.#stale.add(pool);
    this.#options.onPool(pool);
  }
}
