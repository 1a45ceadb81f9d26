/**
 * What the admin API says of traffic, as types: now, a sample a second, and back to a day. Everything comes from one count of
 * all workers, so the numbers of one moment agree with each other.
 */
import type { BackendReply } from './contract.ts';

/** How much came, and how it was answered. Quantiles are right to 2 %; null without an answer. */
export interface TrafficReply {
  readonly requestsPerSecond: number;
  /** Share of the requests that failed or were answered with 5xx; 0 to 1. */
  readonly errorRate: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/**
 * `GET /api/v1/stats/stream`, as server-sent events without a name: one a second, and the last one at once. A subscriber that
 * does not keep up is cut off.
 */
export interface StatsSample {
  readonly at: string;
  /** Of the last second: the point that a chart gets. */
  readonly totals: TotalsSample;
  /** Over the last 10 seconds, like those of backends: numbers to be read. `none` is what matched no route. */
  readonly routes: readonly RouteSample[];
  readonly pools: readonly PoolSample[];
}

/** All listeners together. */
export interface TotalsSample extends TrafficReply {
  /** Of clients. */
  readonly connections: number;
  readonly inFlight: number;
  /** Share of the requests to routes with a cache that it answered; 0 to 1, null without any. */
  readonly cacheHitRate: number | null;
}

/** One route. */
export interface RouteSample extends TrafficReply {
  readonly name: string;
}

/** One pool with its backends, in the order of the configuration. */
export interface PoolSample extends TrafficReply {
  readonly name: string;
  /** Backends that may get new traffic. */
  readonly available: number;
  /** So few are available that health is ignored. */
  readonly isPanicking: boolean;
  /** Requests that wait for a backend with room. */
  readonly queueLength: number;
  readonly backends: readonly BackendSample[];
}

/** One backend: what changes often of a BackendReply. */
export interface BackendSample
  extends
    TrafficReply,
    Pick<BackendReply, 'name' | 'state' | 'breaker' | 'effectiveWeight' | 'inFlight'> {}

/**
 * `GET /api/v1/stats/history`: `?seconds=900` is how far back it goes; up to 900 a value stands for a second, up to 86400
 * for a minute. Of the whole instance, or of `?route=`, `?pool=`, or `?pool=` with `?backend=`. With metrics.persist, what the
 * memory of the instance does not have comes from the database, and `?from=&to=&step=` asks for any stretch of time.
 */
export interface HistoryReply {
  /** 1 or 60, or as it was asked for. */
  readonly stepSeconds: number;
  /** When the time of the last value ended; null while there is none. */
  readonly end: string | null;
  /**
   * Columns of the same length, the oldest value first. There are fewer than asked for when it was not running yet. Null where
   * nothing is known: it was not running for a while.
   */
  readonly requestsPerSecond: readonly (number | null)[];
  /** 0 to 1. */
  readonly errorRate: readonly (number | null)[];
  readonly p50Ms: readonly (number | null)[];
  readonly p95Ms: readonly (number | null)[];
  readonly p99Ms: readonly (number | null)[];
  /** Of the whole instance alone; null for a part of it. The values at the end of each step. */
  readonly connections: readonly (number | null)[] | null;
  readonly inFlight: readonly (number | null)[] | null;
  readonly cacheHitRate: readonly (number | null)[] | null;
  /** Why the database was of no help where it should have been; null when nothing is missing for that. */
  readonly warning: string | null;
}

/**
 * `GET /api/v1/events`: one event of the server-sent events, without a name, and with its `id`. `?since=` replays what is kept
 * (the last 1000): 0 or nothing for all of it, an id for what came after it, or a time. Last-Event-ID does the same for a
 * client that comes back. With `Accept: application/json` it is a list under `events`, and there is no stream.
 */
export interface EventReply {
  /** Grows with each event, and over restarts. */
  readonly id: number;
  readonly at: string;
  /** As in lb_events_total: `health_change`, `ejection`, `reload`, `worker_exit`, ... */
  readonly type: string;
  readonly level: 'info' | 'warn' | 'error';
  /** The same words for the same event. */
  readonly message: string;
  /** What it is about, by what it is: `pool`, `backend`, `reason`, `by`, ... */
  readonly facts: Readonly<Record<string, unknown>>;
}
