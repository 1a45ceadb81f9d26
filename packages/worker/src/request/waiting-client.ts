/** The client's connection between its Upgrade and the backend's answer. node:http has let go of it by then. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A client may send this much before the backend has agreed; then it is left waiting. */
const MAX_EARLY_BYTES = 64 * 1024;

export class WaitingClient {
  readonly #socket: Socket;
  readonly #response: ServerResponse;
  readonly #early: Buffer[];
  #earlyBytes: number;

  /**
   * Reads on, so that a client that leaves is seen: its end before there is a tunnel is its end altogether, and closes the
   * connection.
   * @param head bytes that came behind the request's head already
   */
  constructor(socket: Socket, response: ServerResponse, head: Buffer) {
    this.#socket = socket;
    this.#response = response;
    this.#early = [head];
    this.#earlyBytes = head.length;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
  }

  /** There is a tunnel: what was read comes out of the connection again, before the rest. */
  release(): void {
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('drain', this.#onDrain);
    this.#socket.pause();
    const early = Buffer.concat(this.#early);
    if (early.length > 0) this.#socket.unshift(early);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#early.push(chunk);
    this.#earlyBytes += chunk.length;
    if (this.#earlyBytes > MAX_EARLY_BYTES) this.#socket.pause();
  };

  readonly #onEnd = (): void => {
    this.#socket.destroy();
  };

  /** node:http no longer tells the response; without it a large answer would stop at the first full buffer. */
  readonly #onDrain = (): void => {
    this.#response.emit('drain');
  };
}
