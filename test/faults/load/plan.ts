/** What a client is to send. */
export interface Plan {
  readonly host: string;
  readonly port: number;
  /** A second. */
  readonly rate: number;
  readonly requests: number;
  readonly firstId: number;
  /** Every so many requests one is a POST; 0 = none. */
  readonly postEvery: number;
  /** Every so many answers one is large; 0 = none. */
  readonly largeEvery: number;
  /** In turn. */
  readonly paths: readonly string[];
  /** So long the client waits for an answer. */
  readonly patienceMs: number;
}
