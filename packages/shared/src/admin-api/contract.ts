/**
 * What the admin API says, as types: the server in the primary fills them, lbctl and the dashboard read them.
 * JSON over HTTP at admin.bind and on admin.socket; times are ISO 8601, durations milliseconds. Statistics and events are in
 * statistics.ts, single requests in explain.ts.
 */
import type { BreakerState } from '../metrics/catalog.ts';
import type { TrafficReply } from './statistics.ts';

/** `GET /api/v1/status` */
export interface StatusReply {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly state: 'starting' | 'running' | 'draining';
  readonly config: {
    readonly path: string | null;
    readonly hash: string;
    readonly loadedAt: string;
    /** A reload was refused, or taken back by its guard: the file says something else than what is in force. */
    readonly lastReloadFailed: boolean;
    /** Why the guard of the last reload took it back; null when it did not. */
    readonly revertedBecause: string | null;
    /** Until when a reload is guarded; null when none is. */
    readonly guardedUntil: string | null;
  };
  readonly store: {
    readonly type: 'memory' | 'redis';
    readonly up: boolean;
    /** Why it is not up; null when it is. */
    readonly reason: string | null;
  };
  /** Where samples are kept (metrics.persist); null when they are not. */
  readonly persist: {
    readonly type: 'postgres' | 'influxdb';
    /** What the last write said; null before the first. */
    readonly up: boolean | null;
    /** Why it is not up; null when it is. */
    readonly reason: string | null;
    /** Samples that wait for it. */
    readonly queued: number;
  } | null;
  /** Every instance that shares the store, as last heard, this one first. */
  readonly instances: readonly InstanceReply[];
  readonly workers: readonly WorkerReply[];
  /** `address` is where it really listens: the port that was taken when the bind says 0. */
  readonly listeners: readonly {
    readonly name: string;
    readonly bind: string;
    readonly address: string;
    readonly connections: number;
  }[];
  /** `requests` and `errors` since the start; traffic over the last 10 seconds. */
  readonly totals: TrafficReply & {
    readonly requests: number;
    readonly errors: number;
    readonly connections: number;
    readonly inFlight: number;
  };
}

/** An instance that shares the store. */
export interface InstanceReply {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: string;
  /** Hash of the configuration that it works by. */
  readonly configHash: string;
  readonly workers: number;
  readonly isSelf: boolean;
}

/** A worker process; `id` is its place, kept by the process that replaces it. */
export interface WorkerReply {
  readonly id: number;
  readonly pid: number;
  readonly state: 'starting' | 'running' | 'draining';
  readonly connections: number;
  readonly requests: number;
  readonly eventLoopDelayMs: number;
  readonly rssBytes: number;
}

/** One pool of `GET /api/v1/pools` (a list under `pools`) and `GET /api/v1/pools/{pool}`; traffic over the last 10 seconds. */
export interface PoolReply extends TrafficReply {
  readonly name: string;
  readonly policy: string;
  /** Backends that may get new traffic. */
  readonly available: number;
  /** So few are available that health is ignored. */
  readonly isPanicking: boolean;
  /** Requests that wait for a backend with room. */
  readonly queueLength: number;
  readonly backends: readonly BackendReply[];
}

/** A backend's state as people see it; traffic over the last 10 seconds, counted in tries. */
export interface BackendReply extends TrafficReply {
  readonly name: string;
  readonly url: string;
  readonly state: 'up' | 'down' | 'ejected' | 'draining' | 'maintenance';
  readonly reason: string;
  readonly backup: boolean;
  /** As configured. */
  readonly weight: number;
  /** In use: what an operator said, and in slow start the part of it that has been reached. */
  readonly effectiveWeight: number;
  /** What is left of its slow start; null when it is in none. */
  readonly slowStartLeftMs: number | null;
  /** What was changed at run time; null when nothing was. */
  readonly override: OverrideFacts | null;
  readonly inFlight: number;
  /** Null without a circuit breaker. */
  readonly breaker: BreakerState | null;
  /** Of its maxConnections: how many are given out to the workers. Null without such a limit. */
  readonly permits: { readonly limit: number; readonly given: number } | null;
  readonly lastProbe: {
    readonly at: string;
    readonly ok: boolean;
    readonly ms: number;
    readonly detail: string;
  } | null;
  /** Whether the last probes went well, the oldest first, at most 60. */
  readonly recentProbes: readonly boolean[];
}

/** What somebody changed about a backend at run time. It outlives reloads, and restarts where there is a place for it. */
export interface OverrideFacts {
  readonly state: 'drain' | 'disabled' | null;
  readonly weight: number | null;
  /** When it was changed last. */
  readonly since: string;
  /** When its drain becomes, or became, `disabled`. */
  readonly deadline: string | null;
  readonly by: string;
}

/** `PUT /api/v1/pools/{pool}/backends/{backend}`: at least one of `state` and `weight`. */
export interface BackendChangeRequest {
  /** `enabled` takes back a drain and a disable, and ends an ejection. */
  readonly state?: 'enabled' | 'drain' | 'disabled';
  /** 0 to 1000; null goes back to the configured one. */
  readonly weight?: number | null;
  /** With `drain`: after this long the backend is disabled. Without it, the drain lasts until it is enabled. */
  readonly deadlineMs?: number;
  /** Does it even when the pool is left with no backend that may get new traffic, which is 409 otherwise. */
  readonly force?: boolean;
  /** Who wants it. Default: the address of the client. */
  readonly by?: string;
}

/** The same, 200: the backend as it is now, when no worker begins anything any more that the change forbids. */
export interface BackendChangeReply extends BackendReply {
  /** Why the change may not last. */
  readonly warning: string | null;
}

/** `GET /api/v1/overrides` */
export interface OverridesReply {
  readonly overrides: readonly OverrideReply[];
  /** Why they do not outlive this instance. */
  readonly warning: string | null;
}

/** An override and whose it is; `isConfigured` is false when the configuration has no such backend now. */
export interface OverrideReply extends OverrideFacts {
  readonly pool: string;
  readonly backend: string;
  readonly isConfigured: boolean;
}

/** `DELETE /api/v1/overrides` */
export interface OverridesClearedReply {
  readonly cleared: number;
  readonly warning: string | null;
}

/** One cache of `GET /api/v1/cache` (a list under `caches`), over all workers of this instance. */
export interface CacheReply {
  readonly name: string;
  readonly shared: boolean;
  /** Answers in memory, each in every worker that has it. */
  readonly entries: number;
  readonly bytes: number;
  readonly maxBytesPerWorker: number;
  /** Requests since the instance started, by where their answers came from. */
  readonly hits: number;
  readonly misses: number;
  readonly stale: number;
  readonly revalidated: number;
  readonly collapsed: number;
  readonly bypassed: number;
  /** Answers that had to go for others. */
  readonly evictions: number;
}

/** `DELETE /api/v1/cache?url=`, `?prefix=` or `?tag=`, 200: what was stored before is used no more, but where it says so. */
export interface CachePurgeReply {
  /** Answers that were in the memory of this instance's workers. */
  readonly purged: number;
  /** Who did not answer in time, and may use them still. */
  readonly silent: readonly string[];
  /** Why more than that may use them still. */
  readonly warning: string | null;
}

/** One route of `GET /api/v1/routes` (a list under `routes`), with every setting it has: `mirror`, `access`, ... */
export interface RouteReply extends Readonly<Record<string, unknown>> {
  readonly name: string;
  readonly match: unknown;
  readonly action: unknown;
}

/** `POST /api/v1/reload` {guard?: "30s"}, 200: with a guard, when its verdict is there. */
export interface ReloadReply {
  /** False when its guard took it back. */
  readonly applied: boolean;
  /** One sentence each; empty when the file says what is in force already. */
  readonly changes: readonly string[];
  /** With a guard only. */
  readonly guard?: GuardReply;
}

/** What came of the guard of a reload. */
export interface GuardReply {
  /**
   * `reverted`: the configuration before is in force again. `failed`: it should be, and could not be put in force. `superseded`
   * and `stopped`: another reload or the end of the instance came first, so there is no verdict.
   */
  readonly verdict: 'kept' | 'reverted' | 'failed' | 'superseded' | 'stopped';
  readonly reason: string;
}

/**
 * `POST /api/v1/plan`, 200: what a reload would do now; 422 like a reload. Over the control socket, another text may be
 * compared in place of the file: {path, shown, text}.
 */
export interface PlanReply {
  readonly changes: readonly PlannedChange[];
}

/** A change that a reload would make. */
export interface PlannedChange {
  /** `pools.api.backends[web-2].weight` */
  readonly path: string;
  readonly text: string;
  /** What it does to traffic. */
  readonly touches: string;
  /** True for what takes effect at the next start alone. */
  readonly needsRestart: boolean;
}

/** `POST /api/v1/reload`, 422: nothing was changed. */
export interface ReloadRefusal {
  readonly errors: readonly ConfigErrorReply[];
}

/** A mistake in a configuration file. `line` and `column` count from 1; 0 when the mistake has no place in the file. */
export interface ConfigErrorReply {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string | null;
}

/** `POST /api/v1/stop` {timeoutMs?}: draining has begun. */
export interface StopReply {
  readonly draining: true;
}

/** Any refusal. */
export interface ErrorReply {
  readonly error: string;
}
