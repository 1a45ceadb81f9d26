/**
 * Memory for pieces of bodies on their way into a socket. What is read must be copied before the next read, and a copy lives
 * until the kernel has taken it; made anew for each piece, V8 collects garbage for a quarter of the time that large bodies take.
 */
import type { Socket } from 'node:net';

/** As much as one read brings. */
const CHUNK_BYTES = 64 * 1024;

/** What is kept for the next pieces; more than this in use at once goes back to the system. */
const MAX_FREE = 64;

export class ChunkPool {
  readonly #free: Buffer[] = [];

  /** Writes a copy. @returns what the socket's own `write` does: false when it is full */
  writeCopy(socket: Socket, bytes: Buffer, start: number, end: number): boolean {
    const size = end - start;
    // Not worth a whole chunk, nor within one: Node's own pool is made for these.
    if (size <= SMALL_BYTES || size > CHUNK_BYTES) {
      return socket.write(Buffer.from(bytes.subarray(start, end)));
    }
    const chunk = this.#free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    bytes.copy(chunk, 0, start, end);
    return socket.write(chunk.subarray(0, size), () => this.#giveBack(chunk));
  }

  /** The kernel has it, or the socket is closed and nobody will read it. */
  #giveBack(chunk: Buffer): void {
    if (this.#free.length < MAX_FREE) this.#free.push(chunk);
  }
}

const SMALL_BYTES = 4 * 1024;
