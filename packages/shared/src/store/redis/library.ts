/**
 * ioredis, loaded when Redis is first spoken to: an instance that keeps its state in memory does without it. By `require`, which
 * has the module when it returns.
 */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type * as ioredis from 'ioredis';

const load = createRequire(import.meta.url);

export function redisLibrary(): typeof ioredis {
  const library = load('ioredis') as typeof ioredis;
  hearEveryError(library.Redis.prototype as ioredis.Redis);
  return library;
}

const SOCKET = Symbol('socket');

/**
 * ioredis 6.0.0 listens for the first error of a socket alone. One over TLS has two when the server refuses the client
 * certificate, the alert and the reset, and an error that nobody listens for ends the process. Every client has its socket
 * assigned to `stream`, also those that ioredis makes itself to ask Sentinels, or nodes for their slots.
 */
function hearEveryError(prototype: ioredis.Redis): void {
  if (Object.hasOwn(prototype, 'stream')) return;
  Object.defineProperty(prototype, 'stream', {
    get(this: { [SOCKET]?: Socket }) {
      return this[SOCKET];
    },
    set(this: { [SOCKET]?: Socket }, socket: Socket) {
      socket.on('error', () => socket.destroy());
      this[SOCKET] = socket;
    },
  });
}
