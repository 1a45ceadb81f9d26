/** A request as one backend gets it. */
import type { Backend } from '../balancing/backend.ts';
import type { UpstreamRequest } from '../forward/forwarder.ts';
import { fieldsOf, toLines } from '../http1/head-text.ts';
import type { TryKind } from '../tracing/try-span.ts';
import type { Exchange } from './exchange.ts';
import type { Passage } from './passage.ts';
import { requestLines } from './request-lines.ts';
import type { Route } from './route.ts';

/**
 * Where the request is traced, this begins the span of the try; the engine ends it.
 * @param startedMs when the try began, on the monotonic clock
 */
export function upstreamRequest(
  { exchange, route, pool }: Pick<Passage, 'exchange' | 'pool'> & { readonly route: Route },
  backend: Backend,
  startedMs: number,
  kind: TryKind = 'try',
): UpstreamRequest {
  const { trace, method, tries } = exchange;
  const hostSent = route.hostSent ?? exchange.host ?? backend.authority;
  const target = (route.rewrite?.(exchange.path) ?? exchange.path) + exchange.search;
  const span = trace?.beginTry(kind, { backend, method, target, resends: tries - 1 });
  let lines = requestLines(exchange, hostSent);
  if (trace !== undefined && span !== undefined) lines += trace.linesFor(span.spanId);
  if (route.editRequest !== undefined) {
    const fields = fieldsOf(lines);
    route.editRequest(fields);
    lines = toLines(fields);
  }
  if (exchange.caching !== undefined) lines = exchange.caching.requestLines(lines);
  return {
    startLine: startLineOf(exchange, target),
    method,
    target,
    lines,
    body: exchange.body,
    timeouts: pool.secondTries.timeouts,
    startedMs,
    span,
  };
}

/** The client's own, where there is nothing to change in it: a piece that stands there already costs no assembly. */
function startLineOf({ head, method }: Exchange, target: string): string {
  return head !== undefined && head.httpMinor === 1 && head.target === target
    ? head.lines.text.slice(0, head.lines.fieldsStart)
    : `${method} ${target} HTTP/1.1\r\n`;
}
