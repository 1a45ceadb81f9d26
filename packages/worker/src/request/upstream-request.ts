/** A request as one backend gets it. */
import type { Backend } from '../balancing/backend.ts';
import type { UpstreamRequest } from '../forward/forwarder.ts';
import type { Passage } from './passage.ts';
import { requestHeaders } from './request-headers.ts';

/** @param startedMs when the try began, on the monotonic clock */
export function upstreamRequest(
  { exchange, route, pool }: Passage,
  backend: Backend,
  startedMs: number,
): UpstreamRequest {
  const hostSent = route.hostSent ?? exchange.host ?? backend.authority;
  const headers = requestHeaders(exchange, hostSent);
  route.editRequest?.(headers);
  return {
    method: exchange.method,
    target: (route.rewrite?.(exchange.path) ?? exchange.path) + exchange.search,
    headers,
    body: exchange.body,
    timeouts: pool.config.timeouts,
    startedMs,
  };
}
