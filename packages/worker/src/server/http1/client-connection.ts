/**
 * One client connection: reads requests one after the other and gives each to the listener's handler; the next is not looked
 * at before the answer is out.
 *
 *     fresh ──▶ idle ◀──▶ head ──▶ busy ──▶ idle, perhaps after a rest, or lingering ──▶ closed
 *                                   └──▶ tunnel
 *
 * While it is busy what comes is kept, up to a bound, so that a client that leaves is seen.
 */
import type { Socket } from 'node:net';
import { unmapAddress } from '@lb/shared/net/cidr';
import { MALFORMED } from '../../http1/field-section.ts';
import type { ParseError } from '../../http1/parse-error.ts';
import type { RequestHead } from '../../request/request-head.ts';
import type { LogMemo } from '../../access-log/json-format.ts';
import type { HostMemo } from '../../request/destination.ts';
import type { ForwardedMemo } from '../../request/request-lines.ts';
import type { SocketReader } from '../acceptor.ts';
import { ClientStream } from './client-stream.ts';
import type { ConnectionOwner, ConnectionUser } from './connection-roles.ts';
import { RequestParser, type RequestParserEvents } from './request-parser.ts';

/** A client may send this much ahead of its turn; then it is left waiting. */
const MAX_PENDING_BYTES = 64 * 1024;

/**
 * A connection that is closed on bytes that were not read is reset, and the client loses the answer that it was about to
 * read; so what still comes is read and thrown away, for this long and this much.
 */
const LINGER_MS = 2_000;
const LINGER_BYTES = 1024 * 1024;

const NEVER = Number.POSITIVE_INFINITY;

export class ClientConnection implements RequestParserEvents, SocketReader {
  readonly socket: Socket;
  /** Address of the other end; '' on a unix socket. */
  readonly peerAddress: string;
  /** Port that the client connected to; 0 on a unix socket. */
  readonly localPort: number;
  /** The next answer says that it is the last one, and it is. */
  isEnding = false;
  /** What `isIdle` was when its listener looked last, while that closes. */
  wasIdle = false;
  /** Once the present answer is out, nothing is read for so long: its client asks more than can be answered. */
  restMs = 0;
  /** Requests that were refused in a row, for whoever decides about `restMs`. */
  refusals = 0;
  /** It carries requests that must not wait: no `restMs`. */
  isSpared = false;
  /** For whoever writes what goes to backends: what it wrote for the last request. */
  forwardedMemo: ForwardedMemo | undefined;
  /** For the access log: what it wrote for the last request. */
  logMemo: LogMemo | undefined;
  /** For whoever reads where requests go: the last Host that was well-formed. */
  hostMemo: HostMemo | undefined;
  /** When `onDue` is called, on the owner's coarse clock. */
  dueMs: number;
  readonly #owner: ConnectionOwner;
  readonly #parser: RequestParser;
  #user: ConnectionUser | undefined;
  #stream: ClientStream | undefined;
  #requestCount = 0;
  /** Came ahead of its turn. */
  #pending: Buffer | undefined;
  #isFeeding = false;
  #isPaused = false;
  /** Nothing that comes is a request any more. */
  #isOver = false;
  /** Nothing is read until `dueMs`. */
  #isResting = false;
  #isGone = false;
  /** `dueMs` is for the head that is to come; it does not start again with its every byte. */
  #isHeadTimed = true;
  /** Of answers, and when its owner first saw that it was so many. */
  #takenBytes = 0;
  #takenAtMs = 0;
  /** Bytes that were read for nothing: behind the last answer, or of a body that nobody wants. */
  #wastedBytes = 0;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.socket = socket;
    this.#owner = owner;
    this.peerAddress = unmapAddress(socket.remoteAddress ?? '');
    this.localPort = socket.localPort ?? 0;
    this.#parser = new RequestParser(this, owner.sectionLimits);
    this.dueMs = owner.coarseNowMs + owner.limits.headerTimeout;
    this.#takenAtMs = owner.coarseNowMs;
    // `close` follows and says it all.
    socket.on('error', () => undefined);
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#user?.onWritable());
    socket.on('close', () => this.#onClose());
  }

  /** No request on it waits for its answer, and none has begun to come, as far as one can know. */
  get isIdle(): boolean {
    return this.#user === undefined && this.#parser.isIdle && !this.#isResting;
  }

  /** Requests that came on it so far, the present one included. */
  get requestCount(): number {
    return this.#requestCount;
  }

  /** What came is being read: whoever is called is called from there. */
  get isFeeding(): boolean {
    return this.#isFeeding;
  }

  /** The request is in, to the last byte of its body. */
  get hasWholeRequest(): boolean {
    return this.#parser.isIdle;
  }

  /** The client reads slower than we write: wait for `onWritable`. */
  get isFull(): boolean {
    return this.socket.writableNeedDrain;
  }

  /** Takes the user that is to be told what happens from now on. */
  occupy(user: ConnectionUser): void {
    this.#user = user;
    this.dueMs = NEVER;
  }

  onRead(buffer: Buffer, size: number): boolean {
    if (this.#stream !== undefined) return this.#stream.receive(buffer, size);
    this.#feed(buffer, 0, size);
    return !this.#isPaused;
  }

  onHead(head: RequestHead): void {
    this.#requestCount++;
    this.#owner.onRequest(this, head);
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    if (this.#user !== undefined) this.#user.onBody(buffer, start, end);
    else this.#waste(end - start);
  }

  onComplete(trailers: readonly string[]): void {
    if (this.#user !== undefined) this.#user.onBodyEnd(trailers);
    else if (!this.#isOver) this.#beginIdle();
  }

  /** Reads no more until `resume`. What was read already still comes. */
  pause(): void {
    this.#isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.socket.resume();
  }

  /**
   * The last byte of the answer was written. When the kernel has it, the user is told and the connection goes on.
   * @param closes no request is taken any more
   */
  endAnswer(closes: boolean): void {
    if (closes) this.#isOver = true;
    if (this.socket.writableLength === 0) {
      this.#onAnswered();
      return;
    }
    this.socket.write('', (error) => {
      if (error === undefined || error === null) this.#onAnswered();
    });
  }

  /**
   * Whether something of an answer waits, of which the client has taken nothing for so long as a body may pause. The end of a
   * client that vanished is seen by the kernel after a quarter of an hour, that of one which stopped reading never. Called now
   * and then, on the owner's coarse clock.
   */
  isStuck(nowMs: number): boolean {
    const { socket } = this;
    // A tunnel has a deadline of its own.
    if (socket.writableLength === 0 || this.#stream !== undefined) {
      this.#takenAtMs = nowMs;
      return false;
    }
    const takenBytes = socket.bytesWritten - socket.writableLength;
    if (takenBytes !== this.#takenBytes) {
      this.#takenBytes = takenBytes;
      this.#takenAtMs = nowMs;
    }
    return nowMs - this.#takenAtMs >= this.#owner.limits.bodyIdleTimeout;
  }

  /** Turns into a stream of bytes, of which those that came ahead are the first. An answer may still be written to `socket`. */
  openStream(): ClientStream {
    this.#stream ??= new ClientStream(this.socket, this.#takePending());
    return this.#stream;
  }

  /** Called when `dueMs` has passed. */
  onDue(): void {
    if (this.#user !== undefined) return;
    if (this.#isResting) this.#endRest();
    else if (this.#isOver || !this.#parser.isInHead) this.socket.destroy();
    else this.#refuse('too_slow');
  }

  #feed(buffer: Buffer, start: number, end: number): void {
    let at = start;
    this.#isFeeding = true;
    while (at < end) {
      const isBusy = this.#user !== undefined;
      if (this.#isOver && !isBusy) {
        this.#waste(end - at);
        break;
      }
      if (this.#isResting || (isBusy && (this.#isOver || this.#parser.isIdle))) {
        this.#keep(buffer, at, end);
        break;
      }
      at = this.#parser.execute(buffer, at, end);
      if (at === MALFORMED) {
        this.#onMalformed(this.#parser.error);
        break;
      }
    }
    this.#isFeeding = false;
    if (this.#user === undefined && !this.#isHeadTimed && this.#parser.isInHead) {
      this.#isHeadTimed = true;
      this.dueMs = this.#owner.coarseNowMs + this.#owner.limits.headerTimeout;
    }
  }

  #keep(buffer: Buffer, start: number, end: number): void {
    const piece = buffer.subarray(start, end);
    if (this.#stream !== undefined) {
      // Held back by the next read, when there is more.
      this.#stream.receive(piece, piece.length);
      return;
    }
    const pending = this.#pending;
    this.#pending = pending === undefined ? Buffer.from(piece) : Buffer.concat([pending, piece]);
    if (this.#pending.length > MAX_PENDING_BYTES) this.pause();
  }

  #takePending(): Buffer | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  #waste(bytes: number): void {
    this.#wastedBytes += bytes;
    if (this.#wastedBytes > LINGER_BYTES) this.socket.destroy();
  }

  #onMalformed(error: ParseError): void {
    if (this.#user === undefined) {
      this.#refuse(error);
      return;
    }
    this.#isOver = true;
    this.#user.onMalformed(error);
  }

  #refuse(error: ParseError | 'too_slow'): void {
    this.#isOver = true;
    this.#requestCount++;
    this.#owner.onUnreadable(this, error);
  }

  /** What was asked is answered, and the answer said how long the connection is kept. */
  #beginIdle(): void {
    const { coarseNowMs, limits } = this.#owner;
    if (this.restMs === 0) {
      this.dueMs = coarseNowMs + limits.keepAliveTimeout;
      return;
    }
    this.dueMs = coarseNowMs + this.restMs;
    this.#isResting = true;
    this.pause();
  }

  #endRest(): void {
    this.#isResting = false;
    this.restMs = 0;
    this.#beginIdle();
    this.#goOn();
  }

  #onAnswered(): void {
    const user = this.#user;
    this.#user = undefined;
    this.#wastedBytes = 0;
    user?.onAnswered();
    if (this.#isGone) return;
    const { coarseNowMs } = this.#owner;
    if (this.#isOver) {
      this.#close(coarseNowMs);
      return;
    }
    // An answer that came before the whole request: the rest is read off, in measure, or the connection is of no more use.
    if (this.#parser.isIdle) this.#beginIdle();
    else this.dueMs = coarseNowMs + LINGER_MS;
    this.#isHeadTimed = false;
    if (!this.#isFeeding && !this.#isResting) this.#goOn();
  }

  /** The next request may have come already. */
  #goOn(): void {
    const pending = this.#takePending();
    if (pending !== undefined) this.#feed(pending, 0, pending.length);
    if (this.#user === undefined) this.resume();
  }

  #close(coarseNowMs: number): void {
    this.#stream = undefined;
    if (this.#parser.isIdle && this.#pending === undefined) {
      this.socket.destroySoon();
      return;
    }
    this.#pending = undefined;
    this.dueMs = coarseNowMs + LINGER_MS;
    this.socket.end();
    this.resume();
  }

  /** The client closed its half: but in a tunnel, nobody waits for an answer any more. */
  #onEnd(): void {
    if (this.#stream?.isJoined === true) this.#stream.endReading();
    else if (this.#user === undefined && !this.#isOver && this.#parser.isInHead)
      this.#refuse('truncated');
    else if (this.#user === undefined || !this.#isOver) this.socket.destroy();
  }

  #onClose(): void {
    this.#isGone = true;
    this.dueMs = NEVER;
    this.#stream?.destroy();
    const user = this.#user;
    this.#user = undefined;
    user?.onGone();
    this.#owner.onClosed(this);
  }
}
