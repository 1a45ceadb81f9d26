/**
 * Makes a server accept from a socket that the primary bound. For TCP that is documented: `server.listen(handle)`. For a
 * unix socket Node looks at the handle's descriptor instead, and in a worker asks the primary for it, who knows nothing of
 * that number; so the two steps that `listen` would take are taken here. Tried on Node 24.21.
 */
import type net from 'node:net';

/** The kernel cuts it to net.core.somaxconn. */
const BACKLOG = 4096;

/** What net.Server has inside; `_listen2` starts listening on `_handle` and emits `listening`. */
interface ServerInternals {
  _handle: unknown;
  _listen2?(address: null, port: -1, addressType: -1, backlog: number): void;
}

/** @param handle a bound TCP or pipe handle as it comes over the channel @param onListening called once it accepts */
export function acceptFrom(server: net.Server, handle: unknown, onListening: () => void): void {
  if (!isPipe(handle)) {
    server.listen(handle, BACKLOG, onListening);
    return;
  }
  const internals = server as unknown as ServerInternals;
  if (internals._listen2 === undefined) {
    throw new Error(`node ${process.version} has no net.Server._listen2, which unix sockets need`);
  }
  server.once('listening', onListening);
  internals._handle = handle;
  internals._listen2(null, -1, -1, BACKLOG);
}

/** Node's raw handles are of classes that cannot be imported; their names are what tells them apart. */
function isPipe(handle: unknown): boolean {
  return typeof handle === 'object' && handle?.constructor.name === 'Pipe';
}
