/**
 * One connection to a backend: connects, carries one request after another, and says when it can carry the next.
 *
 *     connecting ──▶ busy ◀──▶ idle ──▶ closed
 *                      └────── error, excess bytes, early answer ──▶ closed
 */
import net, { type Socket } from 'node:net';
import type { Clock } from '@lb/shared/time/clock';
import type { HeadText } from '../../http1/head-text.ts';
import type { BackendTarget } from '../../balancing/backend.ts';
import { Deadline } from './deadline.ts';
import { type ParserEvents, type ResponseHead, ResponseParser } from './response-parser.ts';

/** Who the connection works for at the moment. Every call comes from the socket, never from within a call to it. */
export interface ConnectionUser extends ParserEvents {
  /** A new connection stands. */
  onConnected(connectMs: number): void;
  /** Everything that one read brought has been parsed. Returns false to read no more until `resume`. */
  onRead(): boolean;
  /** The bytes are no answer. */
  onMalformed(reason: string): void;
  /** The time that `due` gave it is up. */
  onDue(): void;
  /** The connection is gone before the answer was whole. @param error undefined when the other side closed it */
  onLost(error: Error | undefined, hasAnswerBegun: boolean): void;
}

/**
 * Every connection reads into the same memory: a read is parsed before the next one can happen, and whatever must live
 * longer is copied. 64 KiB for each of ten thousand connections would be 640 MB.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

export class BackendConnection implements ParserEvents {
  readonly socket: Socket;
  /** Requests carried so far. */
  carried = 0;
  /** When something was read from it last, on the monotonic clock: read once for all that happens then. */
  readMs: number;
  /** On the monotonic clock; only while idle. */
  idleUntilMs = Number.POSITIVE_INFINITY;
  readonly #parser: ResponseParser;
  readonly #isTls: boolean;
  readonly #clock: Clock;
  readonly #deadline: Deadline;
  readonly #onGone: (connection: BackendConnection) => void;
  #user: ConnectionUser | undefined;
  #error: Error | undefined;
  #isConnecting = true;
  #isGone = false;

  /** @param onGone called once, when it is closed for whatever reason, after its user was told */
  constructor(
    target: BackendTarget,
    clock: Clock,
    onGone: (connection: BackendConnection) => void,
  ) {
    this.#onGone = onGone;
    this.#clock = clock;
    this.#deadline = new Deadline(clock, () => this.#user?.onDue());
    this.#parser = new ResponseParser(this);
    const where =
      target.socketPath === undefined
        ? { host: target.host, port: target.port }
        : { path: target.socketPath };
    const startedMs = clock.monotonicMs();
    this.readMs = startedMs;
    const options = {
      ...where,
      noDelay: true,
      onread: { buffer: READ_BUFFER, callback: (size: number) => this.#onRead(size) },
    };
    this.#isTls = target.tls !== undefined;
    this.socket = target.tls?.connect(options) ?? net.connect(options);
    this.socket.on(this.#isTls ? 'secureConnect' : 'connect', () => {
      this.#isConnecting = false;
      this.#user?.onConnected(clock.monotonicMs() - startedMs);
    });
    this.socket.on('error', (error) => {
      this.#error = error;
    });
    this.socket.on('end', () => this.#onEnd());
    this.socket.on('close', () => this.#onClose());
  }

  /** Whether a request can be given to it: nothing is under way, nothing came unasked, it is not closed. */
  get isUsable(): boolean {
    return !this.#isGone && !this.socket.destroyed && this.#user === undefined;
  }

  /** It does not stand yet, its TLS included. */
  get isConnecting(): boolean {
    return this.#isConnecting;
  }

  /** The user hears `onDue` so much later, unless it says something else before. */
  due(inMs: number): void {
    this.#deadline.set(this.#clock.monotonicMs() + inMs);
  }

  /** Same. @param dueMs on the monotonic clock */
  dueAt(dueMs: number): void {
    this.#deadline.set(dueMs);
  }

  /** Takes a user, whose request is to be written to `socket` next. @param bodyless the request is HEAD */
  assign(user: ConnectionUser, bodyless: boolean): void {
    this.#user = user;
    this.carried++;
    this.#parser.expect(bodyless);
  }

  /** The answer is whole and the connection is at a message boundary. */
  release(): void {
    this.#user = undefined;
    this.#deadline.clear();
  }

  /** Reads on after `onRead` returned false. */
  resume(): void {
    this.socket.resume();
  }

  /** Closes it; the user is not told. */
  destroy(): void {
    this.#user = undefined;
    this.#deadline.close();
    this.socket.destroy();
  }

  onInformation(status: number, lines: HeadText): void {
    this.#user?.onInformation(status, lines);
  }

  onHead(head: ResponseHead): void {
    this.#user?.onHead(head);
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    this.#user?.onBody(buffer, start, end);
  }

  onComplete(trailers: readonly string[]): void {
    this.#user?.onComplete(trailers);
  }

  #onRead(size: number): boolean {
    const user = this.#user;
    // Nobody asked: whatever it is, it must not be taken for the answer to the next request (response queue poisoning).
    if (user === undefined) {
      this.socket.destroy();
      return false;
    }
    this.readMs = this.#clock.monotonicMs();
    const error = this.#parser.execute(READ_BUFFER, 0, size);
    // The user may have given the connection up while it took what was parsed.
    if (this.#user !== user) return !this.socket.destroyed;
    if (error !== undefined) {
      user.onMalformed(error);
      return false;
    }
    return user.onRead();
  }

  /**
   * The backend closes its side: a body without a length ends here, any other is cut. Not so over TLS: whether it was the
   * backend who closed or somebody on the way who cut is something that Node does not tell (RFC 9112 section 9.8).
   */
  #onEnd(): void {
    this.readMs = this.#clock.monotonicMs();
    const user = this.#user;
    if (
      user !== undefined &&
      !this.#isTls &&
      !this.#parser.isUntouched &&
      this.#parser.finish() === undefined
    ) {
      user.onRead();
    }
    this.socket.destroy();
  }

  #onClose(): void {
    this.#isGone = true;
    this.#deadline.close();
    const user = this.#user;
    this.#user = undefined;
    user?.onLost(this.#error, !this.#parser.isUntouched);
    this.#onGone(this);
  }
}
