/** A client connection as a stream of bytes: what http-proxy-3 joins to the backend's when an upgrade was agreed on. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** What is read before anybody takes it; then the client waits. */
const HIGH_WATER_BYTES = 64 * 1024;

export class ClientStream extends Duplex {
  /** It is joined to a backend: the end of the client's half is passed on, and is no end of the whole. */
  isJoined = false;
  readonly #socket: Socket;

  /** @param early what came already */
  constructor(socket: Socket, early: Buffer | undefined) {
    super({ allowHalfOpen: true, highWaterMark: HIGH_WATER_BYTES, emitClose: true });
    this.#socket = socket;
    // Whoever joins it listens for errors; before that there is nobody to tell, and the connection's own `close` follows.
    this.on('error', () => undefined);
    if (early !== undefined) this.push(early);
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten;
  }

  /** Takes what the connection read. @returns false to be left alone until `socket.resume()`, which it calls itself */
  receive(buffer: Buffer, size: number): boolean {
    return this.push(Buffer.from(buffer.subarray(0, size)));
  }

  /** The client closed its half. */
  endReading(): void {
    this.push(null);
  }

  /** Closes when everything that was written is out. */
  destroySoon(): void {
    if (this.writableFinished) this.destroy();
    else this.end(() => this.destroy());
  }

  /** Without a byte in either direction for this long. */
  setTimeout(ms: number, onTimeout?: () => void): this {
    this.#socket.setTimeout(ms, onTimeout);
    return this;
  }

  setNoDelay(noDelay?: boolean): this {
    this.#socket.setNoDelay(noDelay);
    return this;
  }

  setKeepAlive(enable?: boolean, initialDelayMs?: number): this {
    this.#socket.setKeepAlive(enable, initialDelayMs);
    return this;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
