/** Begins an answer to the client, and compresses its body where the route says so. */
import type { Exchange } from './exchange.ts';
import type { ResponseLines } from './response-lines.ts';
import type { Route } from './route.ts';

export interface AnswerHead {
  readonly status: number;
  /** With its CR LF. */
  readonly statusLine: string;
  readonly lines: ResponseLines;
  /** The connection takes no request after this answer. */
  readonly closes: boolean;
}

/** The body goes to `exchange.target` then. */
export function beginResponse(exchange: Exchange, route: Route, head: AnswerHead): void {
  const { status, statusLine, lines, closes } = head;
  const { response } = exchange;
  const { compression } = route;
  if (compression === undefined) {
    response.begin(status, statusLine, lines, closes);
    return;
  }
  const coded = compression.head(exchange, status, lines);
  response.begin(status, statusLine, coded.lines, closes);
  if (coded.coding !== undefined && exchange.method !== 'HEAD')
    exchange.compressor = compression.open(coded.coding, response, exchange);
}
