/** Tells when a request has its connection. */
import type { ClientRequest } from 'node:http';
import type { Clock } from '@lb/shared/time/clock';
import { isTls } from './is-tls.ts';

export interface ConnectWatch {
  readonly clock: Clock;
  /** For the connection with its handshake; http-proxy-3's own timer ends with the first of the two. */
  readonly timeoutMs: number;
}

/** Tells, later, whether the request's connection has brought anything for it. */
export function watchAnswer(upstream: ClientRequest): () => boolean {
  let before = 0;
  upstream.once('socket', (socket) => {
    before = socket.bytesRead;
  });
  return () => (upstream.socket?.bytesRead ?? 0) > before;
}

/** @param onConnected with the milliseconds that a new connection took; undefined for one that stood already. */
export function watchConnect(
  upstream: ClientRequest,
  { clock, timeoutMs }: ConnectWatch,
  onConnected: (connectMs: number | undefined) => void,
): void {
  upstream.once('socket', (socket) => {
    if (!socket.connecting) {
      onConnected(undefined);
      return;
    }
    const startedMs = clock.monotonicMs();
    const tell = (): void => onConnected(clock.monotonicMs() - startedMs);
    if (!isTls(socket)) {
      socket.once('connect', tell);
      return;
    }
    const late = Object.assign(new Error('no TLS connection in time'), {
      code: 'ECONNECT_TIMEOUT',
    });
    const timer = setTimeout(() => socket.destroy(late), timeoutMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      tell();
    });
  });
}
