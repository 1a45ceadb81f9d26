/** Tells when a request has its connection. */
import type { ClientRequest } from 'node:http';
import type { Clock } from '@lb/shared/time/clock';

/** @param onConnected with the milliseconds that a new connection took; undefined for one that stood already. */
export function watchConnect(
  upstream: ClientRequest,
  clock: Clock,
  onConnected: (connectMs: number | undefined) => void,
): void {
  upstream.once('socket', (socket) => {
    if (!socket.connecting) {
      onConnected(undefined);
      return;
    }
    const startedMs = clock.monotonicMs();
    socket.once('connect', () => onConnected(clock.monotonicMs() - startedMs));
  });
}
