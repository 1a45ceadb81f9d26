/** What the admin server asks of the rest of the primary; it knows nothing else of it. */
import type {
  ConfigErrorReply,
  PoolReply,
  RouteReply,
  StatusReply,
} from '@lb/shared/admin-api/contract';

/** What came of a reload. */
export type ReloadOutcome =
  | { readonly ok: true; readonly changes: readonly string[] }
  | { readonly ok: false; readonly errors: readonly ConfigErrorReply[] };

/** The rest of the primary, as the admin server sees it. */
export interface AdminContext {
  status(): StatusReply;
  pools(): readonly PoolReply[];
  /** Undefined when there is no such pool. */
  pool(name: string): PoolReply | undefined;
  routes(): readonly RouteReply[];
  /** The file as it is written, or with every default filled in. Secrets need no care: the server redacts them. */
  config(resolved: boolean): unknown;
  /** Settles when every worker works by the new file, or at once when the file is refused. */
  reload(): Promise<ReloadOutcome>;
  /** Begins to drain and returns; undefined takes shutdown.drainTimeout. */
  stop(timeoutMs: number | undefined): void;
  /** `reason` is one line for people. */
  ready(): { readonly ready: boolean; readonly reason: string };
  metrics(accept: string | undefined): Promise<{
    readonly contentType: string;
    readonly body: string;
  }>;
  /** Counts a change that was asked for: lb_admin_actions_total. */
  countAction(action: 'reload' | 'stop', result: 'ok' | 'refused'): void;
}
