/** A request as one backend gets it. */
import type { Backend } from '../balancing/backend.ts';
import type { UpstreamRequest } from '../forward/forwarder.ts';
import { fieldsOf, toLines } from '../http1/head-text.ts';
import type { Passage } from './passage.ts';
import { requestLines } from './request-lines.ts';

/** @param startedMs when the try began, on the monotonic clock */
export function upstreamRequest(
  { exchange, route, pool }: Passage,
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
  return {
    method: exchange.method,
    target: (route.rewrite?.(exchange.path) ?? exchange.path) + exchange.search,
    lines,
    body: exchange.body,
    timeouts: pool.config.timeouts,
    startedMs,
  };
}
