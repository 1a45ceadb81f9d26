/**
 * The contract between the primary and its workers: every message there is, one union a direction.
 *
 *     primary ── snapshot, listen, connection, states, load, permits, stored, peers, ask, purge, tap, reopen-logs, ping, drain ──▶ worker
 *     primary ◀── ready, listening, answered, applied, metrics, traffic, load, outcomes, permits, tries, backend-failed, store,
 *                 store-changed, purge, overload, told, access, pong, failed, drained ── worker
 *
 * Messages travel on node:cluster's channel with serialization 'advanced' (structured clone), so typed arrays stay typed
 * arrays. Each carries `lb: 1`: what is on the channel without it (Node's own traffic) is not ours and is ignored.
 * Order on the channel is order of sending; nothing here needs an answer to go on but `snapshot` and a `states` with a version,
 * which are answered by `applied` so that a reload or a drain returns when every worker works by it, `connection`, which
 * is answered by `answered` so that none is lost, `store` and `ask`, which ask, and `ping`.
 */
import type { AccessRecord } from '../admin-api/logs.ts';
import type { LogFilter } from '../model/log-filter.ts';
import type { Effective, Snapshot } from '../model/snapshot.ts';
import type { Answer, Question } from './questions.ts';
import type { StoreCall, StoreResult } from './store-calls.ts';

/** From the primary to a worker. */
export type ToWorker = { readonly lb: 1 } & (
  | {
      /** The whole truth; replaces what the worker had. */
      readonly type: 'snapshot';
      readonly snapshot: Snapshot;
    }
  | {
      /**
       * Carries a bound socket as the message's handle: accept from it until a snapshot has no such listener. None with
       * `accept: round-robin`: connections come as messages.
       */
      readonly type: 'listen';
      readonly listener: string;
      /** The socket that came last, once more: accept at one more place (ACCEPTING_PLACES). */
      readonly isFurther: boolean;
    }
  | {
      /** Carries a connection as the message's handle. */
      readonly type: 'connection';
      readonly listener: string;
      /** For the answer. */
      readonly id: number;
    }
  | {
      /** Backends changed since the snapshot: their health, or what an operator said of them. */
      readonly type: 'states';
      readonly changes: readonly BackendChange[];
      /** When there is one, `applied` follows, and before it a `load` unless the one before still holds. */
      readonly version?: number;
    }
  | {
      /**
       * What all the other workers have in flight, by slot, their client connections, by listener, and their places in the
       * budgets of retries, by pool: only of pools of which any is taken.
       */
      readonly type: 'load';
      readonly inFlight: Uint32Array;
      readonly connections: Readonly<Record<string, number>>;
      readonly retries: Readonly<Record<string, number>>;
    }
  | {
      /** Permits for backends with maxConnections, and trials of half-open breakers. */
      readonly type: 'permits';
      readonly changes: readonly PermitChange[];
    }
  | {
      /** What came of the calls of one `store`, in their order. */
      readonly type: 'stored';
      readonly id: number;
      readonly results: readonly StoreResult[];
    }
  | {
      /** So many instances share the store now, this one included. */
      readonly type: 'peers';
      readonly instances: number;
    }
  | {
      /** Answered by `told`. */
      readonly type: 'ask';
      readonly id: number;
      readonly question: Question;
    }
  | {
      /** Say `access` of requests that pass one of these; of none when there is no filter. Replaces what was said before. */
      readonly type: 'tap';
      readonly filters: readonly LogFilter[];
    }
  | {
      /** Reopen the log files: they were moved away. */
      readonly type: 'reopen-logs';
    }
  | {
      /** What is stored under these keys of a cache is not true any more. */
      readonly type: 'purge';
      readonly cache: string;
      readonly keys: readonly string[];
    }
  | {
      /** Say `pong`. */
      readonly type: 'ping';
    }
  | {
      /** Stop accepting, finish what is in flight within the time, close tunnels, say `drained`, exit. */
      readonly type: 'drain';
      readonly timeoutMs: number;
    }
);

/** What holds for a backend from now on. */
export interface BackendChange extends Effective {
  readonly slot: number;
}

/**
 * A try in flight to a backend with maxConnections needs a permit, and there are as many as that. Only the primary gives them,
 * only the worker that has them gives them back; both sides count by what was said, in its order.
 */
export interface PermitChange {
  readonly slot: number;
  /** So many more are the worker's. */
  readonly granted: number;
  /** So many are wanted by others: each goes back when it is idle, or is beyond the worker's share. */
  readonly recalled: number;
  /** So many tries may begin while the breaker is half open. */
  readonly trials: number;
}

/** What a worker says of the permits of one backend. */
export interface PermitReport {
  readonly slot: number;
  /** So many are the worker's no more. */
  readonly returned: number;
  /** So many more could be used now, whatever was said before; so many trials where the breaker is half open. */
  readonly wanted: number;
}

/** From a worker to the primary. */
export type ToPrimary = { readonly lb: 1 } & (
  | {
      /** Started; sends nothing else before it, and serves nothing before its first snapshot. */
      readonly type: 'ready';
    }
  | {
      /** Accepts on this listener from now on. */
      readonly type: 'listening';
      readonly listener: string;
    }
  | {
      /** Says whether it serves a connection that the primary sent; nothing was read from one that it does not. */
      readonly type: 'answered';
      readonly id: number;
      readonly isTaken: boolean;
    }
  | {
      /** Works by the snapshot or the states of this version from now on. */
      readonly type: 'applied';
      readonly version: number;
    }
  | MetricsDelta
  | TrafficDelta
  | {
      /** The same of this worker; sent when it changed. */
      readonly type: 'load';
      readonly inFlight: Uint32Array;
      readonly connections: Readonly<Record<string, number>>;
      readonly retries: Readonly<Record<string, number>>;
    }
  | {
      /** What came of tries since the last one; sent within 50 ms, and at once by a worker that has seen enough errors in a row. */
      readonly type: 'outcomes';
      /** One a backend: see outcomes.ts. */
      readonly rows: Int32Array;
      /** Slot, bucket, count, and again. Of pools with a latencyFactor alone. */
      readonly latencies: Uint32Array;
    }
  | {
      readonly type: 'permits';
      readonly reports: readonly PermitReport[];
    }
  | {
      /**
       * What came of tries on backends with a circuit breaker since the last time: at the same place of each, the slot, how
       * many ended, and how many of them were failures; a body that broke off is a failure of a try that had ended well.
       */
      readonly type: 'tries';
      readonly slots: Uint32Array;
      readonly ended: Uint32Array;
      readonly failed: Uint32Array;
    }
  | {
      /** Real traffic could not connect to a backend; this worker has it down already. */
      readonly type: 'backend-failed';
      readonly slot: number;
      readonly reason: string;
    }
  | {
      /** Operations of the memory store, which the primary keeps; answered by `stored`. */
      readonly type: 'store';
      readonly id: number;
      readonly calls: readonly StoreCall[];
    }
  | {
      /** The store went away, and why, or is back (null); said for each new store, too. */
      readonly type: 'store-changed';
      readonly reason: string | null;
    }
  | {
      /** It began to shed requests, or sheds none any more. */
      readonly type: 'overload';
      readonly isShedding: boolean;
      /** How late its event loop is. */
      readonly delayMs: number;
    }
  | {
      /** Requests that ended since the last one and that somebody wants to see, and how many more there were. */
      readonly type: 'access';
      readonly records: readonly AccessRecord[];
      readonly missed: number;
    }
  | {
      readonly type: 'told';
      readonly id: number;
      readonly answer: Answer;
    }
  | {
      /** A request has changed what is stored under these keys of a cache; it goes to all other workers. */
      readonly type: 'purge';
      readonly cache: string;
      readonly keys: readonly string[];
    }
  | {
      /** Its event loop turns. */
      readonly type: 'pong';
    }
  | {
      /** A bug ends this worker: it exits at once. */
      readonly type: 'failed';
      readonly reason: string;
    }
  | {
      /** Nothing is in flight any more; the process exits by itself. */
      readonly type: 'drained';
    }
);

/** Series that are new since the last delta, and what each known series gained. */
export interface MetricsDelta {
  readonly type: 'metrics';
  /** Numbered from `firstSeries` on, in this order; a series keeps its number as long as its worker lives. */
  readonly firstSeries: number;
  readonly series: readonly SeriesDefinition[];
  /** Cell numbers and, at the same place, what was added (counter, histogram) or the value itself (gauge). */
  readonly cells: Uint32Array;
  readonly values: Float64Array;
}

/** A series takes one cell, or for a histogram one per bucket, then +Inf, then the sum. */
export interface SeriesDefinition {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** Requests of routes and tries of backends since the last one, by how long they took: see metrics/traffic-cells.ts. */
export interface TrafficDelta {
  readonly type: 'traffic';
  /** Numbered like those of MetricsDelta. */
  readonly firstSeries: number;
  readonly series: readonly TrafficSeries[];
  /** The number of a series times TRAFFIC_CELLS, plus a cell; and, at the same place, what was added. */
  readonly keys: Uint32Array;
  readonly counts: Uint32Array;
}

/** Whose requests are counted. */
export type TrafficSeries =
  { readonly route: string } | { readonly pool: string; readonly backend: string };
