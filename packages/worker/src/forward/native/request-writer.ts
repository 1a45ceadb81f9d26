/** Writes a request on a connection: the head in one string, the body behind it. @see RFC 9112 sections 3 and 7.1 */
import type { Socket } from 'node:net';
import type { ChunkPool } from '../../http1/chunk-pool.ts';
import { toLines } from '../../http1/head-text.ts';
import { forwardableTrailers } from '../../request/hop-by-hop.ts';
import type { BodySink, RequestBody } from '../../request/request-body.ts';
import type { UpstreamRequest } from '../forwarder.ts';

/** The head with its empty line, as latin1: every byte of a field went in as one character and goes out as one byte. */
export function requestHead({ startLine, lines, body }: UpstreamRequest): string {
  const head = startLine + lines;
  if (body === undefined) return `${head}\r\n`;
  if (body.length === undefined) return `${head}Transfer-Encoding: chunked\r\n\r\n`;
  return `${head}Content-Length: ${body.length}\r\n\r\n`;
}

/** Passes the body of a request to the backend's socket, in chunks where its length is not known. */
export class BodyWriter implements BodySink {
  /** The last byte of the request has been handed to the socket. */
  isDone = false;
  readonly #socket: Socket;
  readonly #body: RequestBody;
  readonly #chunks: ChunkPool;
  readonly #onProgress: () => void;
  readonly #onDrain = (): void => {
    this.#onProgress();
    this.#body.resume();
  };

  /** @param onProgress called whenever the backend took something: a long upload is not a slow answer */
  constructor(socket: Socket, body: RequestBody, chunks: ChunkPool, onProgress: () => void) {
    this.#chunks = chunks;
    this.#socket = socket;
    this.#body = body;
    this.#onProgress = onProgress;
  }

  start(): void {
    this.#socket.on('drain', this.#onDrain);
    this.#body.sendTo(this);
  }

  /** The socket is for the next request. */
  stop(): void {
    this.#socket.off('drain', this.#onDrain);
  }

  write(buffer: Buffer, start: number, end: number): boolean {
    this.#onProgress();
    const socket = this.#socket;
    if (socket.destroyed) return true;
    if (this.#body.length !== undefined) return this.#chunks.writeCopy(socket, buffer, start, end);
    // Corked, so that size, data and line end are one packet. Extensions of the client's chunks are gone by now.
    socket.cork();
    socket.write(`${(end - start).toString(16)}\r\n`, 'latin1');
    this.#chunks.writeCopy(socket, buffer, start, end);
    const mayGoOn = socket.write('\r\n', 'latin1');
    socket.uncork();
    return mayGoOn;
  }

  end(trailers: readonly string[]): void {
    this.#onProgress();
    this.isDone = true;
    if (this.#socket.destroyed || this.#body.length !== undefined) return;
    const passed = forwardableTrailers(trailers);
    this.#socket.write(`0\r\n${toLines(passed)}\r\n`, 'latin1');
  }
}
