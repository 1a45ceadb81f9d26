/**
 * What a cache keeps of an answer. Plain values, so that it can be kept elsewhere too; what a worker adds for itself is in
 * entry.ts.
 */

/** The head of an answer that may be stored. */
export interface StoredHead {
  readonly status: number;
  /** With its CR LF. */
  readonly statusLine: string;
  /**
   * Field lines with their CR LF, as they came but for what ends at this hop, what must not be stored, Age and
   * Content-Length; with Date. Latin-1.
   */
  readonly lines: string;
  readonly freshness: Freshness;
  /** Names of the request's fields that chose it, in lower case. */
  readonly vary: readonly string[];
  /** What Surrogate-Key and Cache-Tag call it, for purging. */
  readonly tags: readonly string[];
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** The request had Authorization: what changes the head must say again that it may be stored. */
  readonly wasAuthorized: boolean;
}

/** An answer, whole, on its way to another cache or from one. */
export interface StoredAnswer extends StoredHead {
  readonly body: Buffer;
}

/** How long an answer may be used, and for what. Milliseconds. @see RFC 9111 section 4.2 */
export interface Freshness {
  /** When the head came, on the wall clock. */
  readonly receivedMs: number;
  /** How old it was then. @see RFC 9111 section 4.2.3 */
  readonly initialAgeMs: number;
  /** How old it may become and be fresh. */
  readonly lifetimeMs: number;
  /** It is asked for again before every use. */
  readonly noCache: boolean;
  /** A client that accepts stale answers may have it stale. */
  readonly mayBeStale: boolean;
  /** For so long after it got stale it may be used while it is asked for again. */
  readonly staleWhileRevalidateMs: number;
  /** For so long after it got stale it may be used in place of an error. */
  readonly staleIfErrorMs: number;
  /** Clients that reload do not have it asked for again while it is fresh. @see RFC 8246 */
  readonly immutable: boolean;
}
