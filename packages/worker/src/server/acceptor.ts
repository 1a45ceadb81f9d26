/**
 * Accepts client connections from a socket that the primary bound, or takes those that the primary accepted.
 *
 * Not net.Server: it makes the sockets itself, without `onread`, and then every read allocates its own 64 KiB and goes
 * through the stream machinery, a tenth of the whole cost of a small request (docs/decisions/0007). The raw handle's `listen`,
 * `onconnection` and `close` are what net.Server itself uses; they are used nowhere but here. Tried on Node 24.21.
 */
import net from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { getSystemErrorName } from 'node:util';

/** The kernel cuts it to net.core.somaxconn. */
const BACKLOG = 4096;

/** A bound TCP or pipe handle of Node. */
interface ListeningHandle {
  onconnection: (status: number, client?: object) => void;
  listen(backlog: number): number;
  close(onClosed: () => void): void;
}

/** Takes what a connection reads. */
export interface SocketReader {
  /** @param buffer valid only during the call. @returns false to be left alone until `socket.resume()` */
  onRead(buffer: Buffer, size: number): boolean;
}

/** Returns who reads from it; undefined for a connection that was turned away. `descriptor` is the number of its file. */
export type OnConnection = (socket: net.Socket, descriptor: number) => SocketReader | undefined;

export interface AcceptorEvents {
  readonly onConnection: OnConnection;
  /** A connection could not be accepted (ENFILE, ENOBUFS). @param code as the system names it */
  onError(code: string): void;
}

/** All connections of the process read into it: a read is used up, or copied, before the next one can happen. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

export class Acceptor {
  readonly #handles: ListeningHandle[] = [];
  readonly #events: AcceptorEvents;
  #accepted = 0;

  constructor(events: AcceptorEvents) {
    this.#events = events;
  }

  /**
   * Accepts from a socket: one connection for each turn of the event loop. The same one may come several times.
   * @param handle as it comes over the channel
   * @throws Error when the system refuses
   */
  add(handle: unknown): void {
    if (!isListeningHandle(handle)) {
      throw new Error(`node ${process.version} hands over sockets without listen and onconnection`);
    }
    handle.onconnection = (status, client) => this.#onConnection(status, client);
    const errno = handle.listen(BACKLOG);
    if (errno !== 0) throw new Error(`cannot listen: ${getSystemErrorName(errno)}`);
    this.#handles.push(handle);
  }

  /** Takes what waits in the kernel's queue, which would be reset, then no more; connections that stand go on. */
  async close(): Promise<void> {
    const most = this.#accepted + BACKLOG;
    let before: number;
    do {
      before = this.#accepted;
      // Each handle takes one connection each time the loop asks the kernel, and has asked for sure after the second turn.
      await turn();
      await turn();
    } while (this.#accepted > before && this.#accepted < most);
    await Promise.all(
      this.#handles.map((handle) => new Promise<void>((done) => handle.close(done))),
    );
  }

  #onConnection(status: number, client: object | undefined): void {
    if (status !== 0 || client === undefined) {
      this.#events.onError(getSystemErrorName(status));
      return;
    }
    this.#accepted++;
    openConnection(client, this.#events.onConnection);
  }
}

/** Makes a socket of a connected handle. */
export function openConnection(handle: object, onConnection: OnConnection): void {
  const socket = new net.Socket({
    // A connected handle is how net.Server makes its sockets; the types know of bound ones alone.
    handle: handle as net.BoundSocket,
    // Whether the end of the client's half is the end of it is for the connection to say.
    allowHalfOpen: true,
    onread: {
      buffer: READ_BUFFER,
      callback: (size) => reader !== undefined && reader.onRead(READ_BUFFER, size),
    },
  });
  socket.setNoDelay(true);
  // Reads come later than this.
  const reader = onConnection(socket, descriptorOf(handle));
}

/** -1 where a handle does not say: on Windows. */
function descriptorOf(handle: object): number {
  return 'fd' in handle && typeof handle.fd === 'number' ? handle.fd : -1;
}

function isListeningHandle(handle: unknown): handle is ListeningHandle {
  return typeof handle === 'object' && handle !== null && 'listen' in handle && 'close' in handle;
}
