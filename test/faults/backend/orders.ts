/** What a backend of the suite can be told to do. */

export type Mode =
  | 'healthy'
  /** Nobody listens; open connections are reset. */
  | 'refusing'
  /** Reads the request, then resets the connection. */
  | 'resetting'
  | 'resetting-after-head'
  | 'resetting-mid-body'
  /** 500 to everything, probes too. */
  | 'failing'
  /** Bytes that are no HTTP. */
  | 'garbage'
  /** Takes connections and requests, and never answers. */
  | 'silent';

export interface Orders {
  readonly mode: Mode;
  /** Work on a request. */
  readonly delayMs: number;
  /** Requests that it works on at the same time, the others wait in line; 0 = any number. */
  readonly lanes: number;
}

/** As it starts. */
export const HEALTHY: Orders = { mode: 'healthy', delayMs: 5, lanes: 0 };
