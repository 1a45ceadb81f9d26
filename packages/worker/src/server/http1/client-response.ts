/**
 * Writes the answer to one request. Head and body go out together where they are at hand together: a small answer is one
 * string, and so one write.
 *
 *     inform* ──▶ begin ──▶ write* ──▶ end
 */
import type { ChunkPool } from '../../http1/chunk-pool.ts';
import { toLines } from '../../http1/head-text.ts';
import { latin1 } from '../../http1/latin1.ts';
import type { PendingWrite, WriteBatch } from '../../http1/write-batch.ts';
import { REASON_PHRASES } from '../../http1/reason-phrases.ts';
import type { RequestHead } from '../../request/request-head.ts';
import type { ResponseLines } from '../../request/response-lines.ts';
import type { ClientConnection } from './client-connection.ts';

/** Up to this size a body is copied into the string of its head; above, copying costs more than a second write. */
const ONE_WRITE_BYTES = 16 * 1024;

/** How the end of the body is told. @see RFC 9112 section 6.3 */
type Framing = 'none' | 'length' | 'chunked' | 'close';

/** What is the same in all answers of a listener for a while. */
export interface ResponseDefaults {
  /** `Date: ...` with its line end. */
  readonly dateLine: string;
  /** `Connection: keep-alive` and how long, with their line ends. */
  readonly keepAliveLines: string;
  readonly chunks: ChunkPool;
  readonly writes: WriteBatch;
}

export class ClientResponse implements PendingWrite {
  /** 0 before `begin`. */
  status = 0;
  /** Of the body, as it went out, without framing. */
  bodyBytes = 0;
  /** Of the head, each with its CR LF, without framing; '' before `begin`. */
  fieldLines = '';
  readonly #connection: ClientConnection;
  readonly #head: RequestHead | undefined;
  readonly #defaults: ResponseDefaults;
  /** Latin-1: each character is a byte. */
  #text = '';
  #framing: Framing = 'none';
  #closes = false;

  /** @param head undefined for a message that could not be read */
  constructor(
    connection: ClientConnection,
    head: RequestHead | undefined,
    defaults: ResponseDefaults,
  ) {
    this.#connection = connection;
    this.#head = head;
    this.#defaults = defaults;
  }

  get isBegun(): boolean {
    return this.status !== 0;
  }

  /** The end of the connection is the end of the body: a cut must not look like it. */
  get endsWithConnection(): boolean {
    return this.#framing === 'close';
  }

  /** An interim answer; its field lines each with their CR LF. Not for clients of HTTP/1.0, and not queued for one that does not read. @see RFC 9110 section 15.2 */
  inform(status: number, lines: string): void {
    if (this.isBegun || this.#head?.httpMinor !== 1 || this.#connection.isFull) return;
    const text = `HTTP/1.1 ${status} ${REASON_PHRASES[status] ?? ''}\r\n${lines}\r\n`;
    this.#connection.socket.write(text, 'latin1');
  }

  /**
   * Writes the head, or keeps it for what follows.
   * @param statusLine with its CR LF
   * @param closes the connection takes no request after this answer
   */
  begin(status: number, statusLine: string, lines: ResponseLines, closes: boolean): void {
    this.status = status;
    this.fieldLines = lines.text;
    const framing = this.#framingOf(status, lines.hasLength);
    this.#framing = framing;
    this.#closes = closes || framing === 'close' || this.#head?.keepsAlive !== true;
    let text = statusLine + lines.text;
    if (!lines.hasDate) text += this.#defaults.dateLine;
    text += this.#closes ? 'Connection: close\r\n' : this.#defaults.keepAliveLines;
    this.#text =
      framing === 'chunked' ? `${text}Transfer-Encoding: chunked\r\n\r\n` : `${text}\r\n`;
  }

  /** Writes a piece of the body, or keeps it until `flush`. Takes a copy. @returns false to be left alone until `onWritable` */
  write(buffer: Buffer, start: number, end: number): boolean {
    const size = end - start;
    if (this.#framing === 'none' || size === 0) return true;
    this.bodyBytes += size;
    const isChunked = this.#framing === 'chunked';
    if (isChunked) this.#text += `${size.toString(16)}\r\n`;
    if (this.#text.length + size <= ONE_WRITE_BYTES) {
      this.#text += latin1(buffer, start, end);
      if (isChunked) this.#text += '\r\n';
      // Of what was flushed before: many small pieces fill a socket as well.
      return !this.#connection.isFull;
    }
    const { socket } = this.#connection;
    socket.cork();
    this.flush();
    this.#defaults.chunks.writeCopy(socket, buffer, start, end);
    socket.uncork();
    if (isChunked) this.#text = '\r\n';
    return !this.#connection.isFull;
  }

  /**
   * Writes pieces of a body that has a length, without a copy: they stay as they are until `onTaken`, which is called once, by the
   * latest when the connection is closed.
   */
  writeKept(pieces: readonly Buffer[], onTaken: () => void): boolean {
    if (this.#framing === 'none' || pieces.length === 0) {
      onTaken();
      return true;
    }
    const { socket } = this.#connection;
    socket.cork();
    this.flush();
    for (const piece of pieces) {
      this.bodyBytes += piece.length;
      socket.write(piece);
    }
    socket.uncork();
    // Nearly always the kernel has it already, and there is nothing to be called back for.
    if (socket.writableLength === 0) onTaken();
    else socket.write('', () => onTaken());
    return !this.#connection.isFull;
  }

  /** Hands over what was kept. */
  flush(): void {
    if (this.#text === '') return;
    this.#connection.socket.write(this.#text, 'latin1');
    this.#text = '';
  }

  /** The body is complete. @param trailers names and values in turn; dropped where the client cannot have them */
  end(trailers: readonly string[]): void {
    if (this.#framing === 'chunked') this.#text += `0\r\n${toLines(trailers)}\r\n`;
    // What is answered while the request is being read goes out at once: the next one is behind it.
    if (this.#connection.isFeeding) this.commit();
    else this.#defaults.writes.add(this);
  }

  /** Writes what is left and ends the answer. */
  commit(): void {
    if (this.#connection.socket.destroyed) return;
    this.flush();
    this.#connection.endAnswer(this.#closes);
  }

  #framingOf(status: number, hasLength: boolean): Framing {
    if (this.#head?.method === 'HEAD' || status === 204 || status === 304) return 'none';
    if (hasLength) return 'length';
    return this.#head?.httpMinor === 1 ? 'chunked' : 'close';
  }
}
