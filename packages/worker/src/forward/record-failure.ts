/** What a failed try means for its backend. */
import { FAILURES } from '@lb/shared/errors/reasons';
import type { Backend } from '../balancing/backend.ts';
import type { Services } from '../request/services.ts';
import type { Failure } from './forwarder.ts';

/**
 * A backend that cannot be connected to is out at once; what this machine lacks is not its fault. One whose TLS fails can no
 * more take a request than one that refuses connections, and its probes go through the same handshake.
 */
export function recordFailure(
  backend: Backend,
  failure: Failure,
  { shortages, reportUnreachable }: Pick<Services, 'shortages' | 'reportUnreachable'>,
): void {
  if (failure.isLocal) {
    shortages.report(backend, failure.detail);
    return;
  }
  backend.failed(failure.code);
  const { metric } = FAILURES[failure.code];
  if (metric === 'connect' || (metric === 'tls' && !failure.reusedConnection)) {
    reportUnreachable(backend, failure.detail);
  }
}
