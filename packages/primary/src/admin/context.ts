/** What the admin server asks of the rest of the primary; it knows nothing else of it. */
import type {
  BackendChangeReply,
  BackendChangeRequest,
  BackendReply,
  ConfigErrorReply,
  GuardReply,
  OverridesClearedReply,
  OverridesReply,
  PlanReply,
  PoolReply,
  RouteReply,
  StatusReply,
} from '@lb/shared/admin-api/contract';

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

/** The label `action` of lb_admin_actions_total. */
export type AdminAction =
  'login' | 'reload' | 'stop' | 'drain' | 'disable' | 'enable' | 'weight' | 'overrides_clear';

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
  metrics(accept: string | undefined): Promise<{
    readonly contentType: string;
    readonly body: string;
  }>;
  /** Counts a change that was asked for: lb_admin_actions_total. */
  countAction(action: AdminAction, result: 'ok' | 'refused'): void;
}
