/** What the admin API says of requests as the access log has them, as types. */

/** A request that is over. Keys and values are those of a line of the access log as JSON. */
export interface AccessRecord {
  /** When it was over. */
  readonly time: string;
  readonly request_id: string;
  readonly client: string | null;
  readonly listener: string;
  readonly method: string | null;
  readonly host: string | null;
  readonly path: string | null;
  readonly query: string | null;
  readonly protocol: string | null;
  readonly status: number;
  readonly route: string | null;
  readonly pool: string | null;
  readonly backend: string | null;
  readonly tries: number;
  /** Of the body of the answer; null where nobody counted. */
  readonly bytes: number | null;
  readonly request_bytes: number | null;
  readonly connect_ms: number | null;
  readonly ttfb_ms: number | null;
  readonly total_ms: number;
  readonly reason: string | null;
  readonly user_agent: string | null;
  readonly referer: string | null;
  /** Only while tracing is on. */
  readonly trace_id?: string;
  readonly span_id?: string;
}

/** So many requests are missing here: there were more than can be passed on, or whoever reads is too slow. */
export interface MissedRequests {
  readonly missed: number;
}

/** A text is a line of a file that is none of the JSON format. */
export type LogEntry = AccessRecord | string;

/**
 * `GET /api/v1/logs`: requests as they end, as server-sent events of AccessRecord and MissedRequests, whatever log.access says;
 * with `?last=10` the first event is a LogsReply. `?route=` (`none`: matched none), `?backend=` (`pool/backend`, or a name) and
 * `?status=` (`404`, `5xx`) leave others out. With `Accept: application/json` there is the LogsReply alone.
 */
export interface LogsReply {
  /**
   * Where the past is from: the file of the access log, or, where that is none, the memory of the workers, which keep only
   * requests that went wrong or took longer than a second.
   */
  readonly source: 'file' | 'memory';
  /** Why the file cannot be read. */
  readonly problem: string | null;
  /** The oldest first. */
  readonly entries: readonly LogEntry[];
}
