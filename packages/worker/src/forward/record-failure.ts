/** What a failed try means for its backend. */
import { FAILURES } from '@lb/shared/errors/reasons';
import type { Backend } from '../balancing/backend.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Failure } from './forwarder.ts';
import { reasonOfFailure } from './retry.ts';

/**
 * A backend that cannot be connected to is out at once; what this machine lacks is not its fault. One whose TLS fails can no
 * more take a request than one that refuses connections, and its probes go through the same handshake.
 */
export function recordFailure(
  backend: Backend,
  failure: Failure,
  exchange: Pick<Exchange, 'services' | 'staleRetryUsed'>,
): void {
  const { shortages, reportUnreachable } = exchange.services;
  if (failure.isLocal) {
    shortages.report(backend, failure.detail);
    return;
  }
  backend.failed(failure.code, reasonOfFailure(failure, exchange) === 'stale');
  const { metric } = FAILURES[failure.code];
  if (metric === 'connect' || (metric === 'tls' && !failure.reusedConnection)) {
    reportUnreachable(backend, failure.detail);
  }
}
