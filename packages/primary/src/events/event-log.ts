/** What happens to the instance, worth a line to whoever watches it: logged and counted in one place. */
import type { Logger } from '@lb/shared/logging/logger';
import { EventRing } from './event-ring.ts';

/** Everything that can happen: the value of the label `type`, the level and the constant text of its log line. */
const EVENTS = {
  backendUp: { type: 'health_change', level: 'info', text: 'backend up' },
  backendDown: { type: 'health_change', level: 'warn', text: 'backend down' },
  backendEjected: { type: 'ejection', level: 'warn', text: 'backend ejected' },
  backendReadmitted: { type: 'ejection', level: 'info', text: 'ejected backend is back' },
  ejectionSuppressed: {
    type: 'ejection_suppressed',
    level: 'warn',
    text: 'backend not ejected: too many are, or it is the last one',
  },
  panicBegun: {
    type: 'panic',
    level: 'error',
    text: 'panic: too few backends are available, health is ignored',
  },
  panicEnded: { type: 'panic', level: 'error', text: 'panic is over: health counts again' },
  workerExit: { type: 'worker_exit', level: 'error', text: 'worker died' },
  workerCrashLoop: { type: 'worker_crash_loop', level: 'error', text: 'worker crash loop' },
  reload: { type: 'reload', level: 'info', text: 'configuration reloaded' },
  reloadFailed: { type: 'reload_failed', level: 'error', text: 'configuration not reloaded' },
  reloadKept: { type: 'reload_kept', level: 'info', text: 'guarded configuration stays' },
  reloadReverted: {
    type: 'reload_reverted',
    level: 'error',
    text: 'configuration taken back, the one before is in force',
  },
  reloadNotReverted: {
    type: 'reload_failed',
    level: 'error',
    text: 'configuration made traffic worse and cannot be taken back',
  },
  rolled: { type: 'rolling_restart', level: 'info', text: 'workers replaced' },
  rollFailed: { type: 'rolling_restart_failed', level: 'error', text: 'workers not replaced' },
  drain: { type: 'drain', level: 'info', text: 'draining' },
  storeDown: { type: 'store', level: 'warn', text: 'store away, going on without it' },
  storeUp: { type: 'store', level: 'info', text: 'store back' },
  persistDown: {
    type: 'persist',
    level: 'warn',
    text: 'metrics database away, samples wait for it',
  },
  persistUp: { type: 'persist', level: 'info', text: 'metrics database back' },
  persistRefused: { type: 'persist', level: 'warn', text: 'metrics database refused samples' },
  overload: { type: 'overload', level: 'warn', text: 'overloaded: requests are shed' },
  overloadOver: { type: 'overload', level: 'info', text: 'not overloaded any more' },
  breakerOpen: { type: 'breaker', level: 'warn', text: 'circuit breaker open' },
  breakerHalfOpen: { type: 'breaker', level: 'info', text: 'circuit breaker half open' },
  breakerClosed: { type: 'breaker', level: 'info', text: 'circuit breaker closed' },
  backendDrained: { type: 'override', level: 'info', text: 'backend drained' },
  backendDisabled: { type: 'override', level: 'info', text: 'backend disabled' },
  backendEnabled: { type: 'override', level: 'info', text: 'backend enabled' },
  weightSet: { type: 'override', level: 'info', text: 'weight of a backend set' },
  drainEmpty: { type: 'drain_empty', level: 'info', text: 'drained backend is empty' },
  slowStartBegun: { type: 'slow_start', level: 'info', text: 'slow start of a backend begun' },
  slowStartEnded: { type: 'slow_start', level: 'info', text: 'slow start of a backend over' },
  adminAction: { type: 'admin_action', level: 'info', text: 'admin action' },
} as const;

/** What happened. */
export type EventName = keyof typeof EVENTS;

export interface EventLogOptions {
  readonly log: Logger;
  /** Counts an event by the value of its label. */
  readonly count: (type: string) => void;
  readonly wallMs: () => number;
}

/** Records events. */
export class EventLog {
  /** What was recorded last. */
  readonly ring: EventRing;
  readonly #options: EventLogOptions;

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.ring = new EventRing(options.wallMs);
  }

  /** Logs an event with its facts, counts it, and tells those who watch. */
  record(name: EventName, facts: Readonly<Record<string, unknown>>): void {
    const { type, level, text } = EVENTS[name];
    this.#options.log[level]({ event: type, ...facts }, text);
    this.#options.count(type);
    this.ring.add({ type, level, message: text, facts });
  }
}
