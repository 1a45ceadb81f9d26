/** The end of every exchange: it is counted and logged, exactly once. */
import type { Exchange } from './exchange.ts';
import { SLOW_MS } from './past-requests.ts';

/** How a request ended. */
export interface Ending {
  readonly status: number;
  readonly totalMs: number;
  /** It was answered from 500 on, or its answer was cut; a client that left is no failure. */
  readonly hasFailed: boolean;
}

/** @param isWhole the answer is out to its last byte; else the client left, or was cut */
export function finishExchange(exchange: Exchange, isWhole: boolean): void {
  if (exchange.isFinished) return;
  exchange.isFinished = true;
  if (!isWhole) exchange.reason ??= 'client_closed';
  const { response, route, services, listener, body } = exchange;
  if (exchange.timer !== undefined) clearTimeout(exchange.timer);
  body?.stop();
  exchange.carrier?.cancel();
  const totalMs = services.clock.monotonicMs() - exchange.startedMs;
  const status = exchange.reason === 'client_closed' ? 499 : response.status;
  const hasFailed = status >= 500 || (!isWhole && exchange.reason !== 'client_closed');
  const ending: Ending = { status, totalMs, hasFailed };
  services.accessLog.write(exchange, ending);
  services.accessTap.take(exchange, ending);
  exchange.trace?.finish(exchange, ending);
  if (hasFailed) services.pastRequests.keep(exchange, 'error', status, totalMs);
  else if (totalMs >= SLOW_MS && !exchange.isTunnel)
    services.pastRequests.keep(exchange, 'slow', status, totalMs);
  (route?.metrics ?? services.noRoute).finished({
    listener: listener.name,
    method: exchange.method,
    status,
    totalMs,
    upstreamMs: exchange.upstreamMs,
    requestBytes: body?.receivedBytes ?? 0,
    responseBytes: response.bodyBytes,
  });
  services.cells.add(listener.metrics.inFlight, -1);
}
