/** A request as one backend gets it. */
import type { Backend } from '../balancing/backend.ts';
import type { UpstreamRequest } from '../forward/forwarder.ts';
import { fieldsOf, toLines } from '../http1/head-text.ts';
import type { Exchange } from './exchange.ts';
import type { Passage } from './passage.ts';
import { requestLines } from './request-lines.ts';
import type { Route } from './route.ts';

/** @param startedMs when the try began, on the monotonic clock */
export function upstreamRequest(
  { exchange, route, pool }: Pick<Passage, 'exchange' | 'pool'> & { readonly route: Route },
  backend: Backend,
  startedMs: number,
): UpstreamRequest {
  const hostSent = route.hostSent ?? exchange.host ?? backend.authority;
  let lines = requestLines(exchange, hostSent);
  if (route.editRequest !== undefined) {
    const fields = fieldsOf(lines);
    route.editRequest(fields);
    lines = toLines(fields);
  }
  if (exchange.caching !== undefined) lines = exchange.caching.requestLines(lines);
  const target = (route.rewrite?.(exchange.path) ?? exchange.path) + exchange.search;
  return {
    startLine: startLineOf(exchange, target),
    method: exchange.method,
    target,
    lines,
    body: exchange.body,
    timeouts: pool.secondTries.timeouts,
    startedMs,
  };
}

/** The client's own, where there is nothing to change in it: a piece that stands there already costs no assembly. */
function startLineOf({ head, method }: Exchange, target: string): string {
  return head !== undefined && head.httpMinor === 1 && head.target === target
    ? head.lines.text.slice(0, head.lines.fieldsStart)
    : `${method} ${target} HTTP/1.1\r\n`;
}
