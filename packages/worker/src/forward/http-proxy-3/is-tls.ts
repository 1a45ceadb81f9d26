/** Whether a connection speaks TLS, told without loading node:tls. */
import type { Socket } from 'node:net';

export function isTls(socket: Socket): boolean {
  return 'encrypted' in socket;
}
