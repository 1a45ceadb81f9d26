/**
 * The three logs of a run, and how one line of each looks. What they have in common is the id of a request, which the client
 * puts into its query: `/?id=7&bytes=300`.
 *
 *     client ──▶ balancer ──▶ backend
 *      Sent       Passed       Served
 */
import { readFileSync } from 'node:fs';

/** How a request ended for its client. */
export type Ending =
  /** A whole answer, by its own framing. */
  | 'whole'
  /** No connection. */
  | 'refused'
  /** The connection was closed or reset before the first byte. */
  | 'reset'
  /** It broke off in the middle of the answer, and the client could tell. */
  | 'cut'
  /** The client would not wait any longer. */
  | 'timeout'
  /** Not HTTP. */
  | 'garbled';

/** One request of the client. */
export interface Sent {
  readonly id: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** When it was to be sent, and latencies count from; not when it was. */
  readonly dueMs: number;
  readonly endMs: number;
  readonly ending: Ending;
  /** 0 without a head. */
  readonly status: number;
  /** Against what the id's answer must be; `start` is a part of it that ends too early. */
  readonly body: 'right' | 'start' | 'other' | 'none';
  /** Not the first request on its connection. */
  readonly isReused: boolean;
  /** The answer said `Connection: close`. */
  readonly isLast: boolean;
  /** Of the client's end of the connection. */
  readonly localPort: number;
}

/** One line of the balancer's access log. */
export interface Passed {
  readonly id: number;
  readonly status: number;
  /** On backends. */
  readonly tries: number;
}

/** What a backend does with a request, in this order; `broke`: it broke the connection instead. */
export type Step = 'begun' | 'finished' | 'broke' | 'spoiled';

/** One line of a backend's log. */
export interface Served {
  readonly id: number;
  readonly method: string;
  readonly backend: string;
  readonly atMs: number;
  readonly step: Step;
}

/** Everything that is known of a run. */
export interface Logs {
  readonly sent: readonly Sent[];
  readonly passed: readonly Passed[];
  readonly served: readonly Served[];
}

/** Lines of JSON; a process that was killed may have left half of one, which is nobody's. */
export function readLines<T>(path: string): T[] {
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
