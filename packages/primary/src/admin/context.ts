/** What the admin server asks of the rest of the primary; it knows nothing else of it. */
import type { ExplainReply, ExplainRequest, PastRequestReply } from '@lb/shared/admin-api/explain';
import type { AccessRecord, LogsReply, MissedRequests } from '@lb/shared/admin-api/logs';
import type { EventReply, HistoryReply } from '@lb/shared/admin-api/statistics';
import type {
  BackendChangeReply,
  BackendChangeRequest,
  BackendReply,
  CachePurgeReply,
  CacheReply,
  ConfigErrorReply,
  GuardReply,
  OverridesClearedReply,
  OverridesReply,
  PlanReply,
  PoolReply,
  RouteReply,
  StatusReply,
} from '@lb/shared/admin-api/contract';
import type { LogFilter } from '@lb/shared/model/log-filter';
import type { Purge } from '@lb/shared/model/purge';

interface Refused {
  readonly ok: false;
  readonly errors: readonly ConfigErrorReply[];
}

/** What came of a reload, and of its guard where it had one. */
export type ReloadOutcome =
  { readonly ok: true; readonly changes: readonly string[]; readonly guard?: GuardReply } | Refused;

/** What a reload would do. */
export type PlanOutcome = ({ readonly ok: true } & PlanReply) | Refused;

/** A configuration in place of the file. `path` is absolute, `shown` what errors call it. */
export interface CandidateText {
  readonly path: string;
  readonly shown: string;
  readonly text: string;
}

/** What came of a change of a backend: 404 when there is none, 409 when a guard refuses. */
export type BackendOutcome =
  | { readonly ok: true; readonly backend: BackendChangeReply }
  | { readonly ok: false; readonly status: 404 | 409; readonly message: string };

/** What came of an explanation: 400 for a request that makes no sense, 503 when no worker answers. */
export type ExplainOutcome =
  | { readonly ok: true; readonly reply: ExplainReply }
  | { readonly ok: false; readonly status: 400 | 503; readonly message: string };

/** After which event, or from which time on, in milliseconds since 1970. */
export type EventMark = { readonly afterId: number } | { readonly fromMs: number };

/** The last so many seconds, or a stretch of time: up to now where `toMs` is undefined, in steps that suit a chart by default. */
export type HistoryQuestion =
  | { readonly seconds: number }
  | {
      readonly fromMs: number;
      readonly toMs: number | undefined;
      readonly stepSeconds: number | undefined;
    };

/** A history: 404 for a part that there is none of, 400 for a time that makes no sense. */
export type HistoryOutcome =
  | { readonly ok: true; readonly reply: HistoryReply }
  | { readonly ok: false; readonly status: 400 | 404; readonly message: string };

/** What a history is of; nothing for the whole instance. `backend` goes with `pool`. */
export interface HistoryPart {
  readonly route?: string | undefined;
  readonly pool?: string | undefined;
  readonly backend?: string | undefined;
}

/** Gets a request that ended. False when it takes no more for now: it is told later how many it missed. */
export type AccessReader = (entry: AccessRecord | MissedRequests) => boolean;

/** The label `action` of lb_admin_actions_total. */
export type AdminAction =
  | 'login'
  | 'reload'
  | 'stop'
  | 'drain'
  | 'disable'
  | 'enable'
  | 'weight'
  | 'overrides_clear'
  | 'cache_purge';

/** The rest of the primary, as the admin server sees it. */
export interface AdminContext {
  status(): StatusReply;
  pools(): readonly PoolReply[];
  /** Undefined when there is no such pool. */
  pool(name: string): PoolReply | undefined;
  /** Undefined when there is no such pool, or no such backend in it. */
  backend(pool: string, name: string): BackendReply | undefined;
  /** Settles when no worker begins anything that the change forbids. @param by who wants it */
  changeBackend(
    pool: string,
    name: string,
    change: BackendChangeRequest,
    by: string,
  ): Promise<BackendOutcome>;
  overrides(): OverridesReply;
  clearOverrides(by: string): Promise<OverridesClearedReply>;
  caches(): Promise<readonly CacheReply[]>;
  /** Settles when it is done on all workers, instances and in the store, or is known where it is not. */
  purge(wish: Pick<Purge, 'by' | 'value'>): Promise<CachePurgeReply>;
  routes(): readonly RouteReply[];
  /** The file as it is written, or with every default filled in. Secrets need no care: the server redacts them. */
  config(resolved: boolean): unknown;
  /** Settles when every worker works by the new file, and its guard is over; or at once when the file is refused. */
  reload(guardMs?: number): Promise<ReloadOutcome>;
  /** What a reload would do; changes nothing. @param candidate in place of the file */
  plan(candidate?: CandidateText): Promise<PlanOutcome>;
  /** Begins to drain and returns; undefined takes shutdown.drainTimeout. */
  stop(timeoutMs: number | undefined): void;
  /** `reason` is one line for people. */
  ready(): { readonly ready: boolean; readonly reason: string };
  /** Asks the database for what memory does not have, and waits for it two seconds at most. */
  history(part: HistoryPart, asked: HistoryQuestion): Promise<HistoryOutcome>;
  /** Gives a StatsSample as JSON, at once and every second; returns what ends it. */
  watchStats(watcher: (sample: string) => void): () => void;
  /** Those that are kept, the oldest first. */
  events(since: EventMark): readonly EventReply[];
  /** Gives each new event; returns what ends it. */
  watchEvents(watcher: (event: EventReply) => void): () => void;
  /** Asks a worker. */
  explain(request: ExplainRequest): Promise<ExplainOutcome>;
  /** What the workers keep, the newest first; those of a worker that does not answer are missing. */
  pastRequests(): Promise<readonly PastRequestReply[]>;
  /** The last that the filter lets pass. */
  pastLogs(last: number, filter: LogFilter): Promise<LogsReply>;
  /** Gives each request that ends from now on; returns what ends it. */
  watchLogs(filter: LogFilter, reader: AccessReader): () => void;
  /** A piece says what holds when it is asked for. */
  metrics(accept: string | undefined): {
    readonly contentType: string;
    readonly pieces: AsyncIterable<string>;
  };
  /** Counts a change that was asked for, lb_admin_actions_total, and says so. @param by who wanted it */
  countAction(action: AdminAction, result: 'ok' | 'refused', by: string): void;
}
