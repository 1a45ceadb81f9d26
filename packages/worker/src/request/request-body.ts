/**
 * The body of a request between its client and the tries: counted, limited, paced, and kept as long as another try may
 * need it.
 *
 *     client connection ── take, finish ──▶ RequestBody ── BodySink ──▶ a try
 *                                              └─ kept chunks: for the first try until there is one, for the next after it
 */
import type { Clock } from '@lb/shared/time/clock';

/** Where a try takes the body. */
export interface BodySink {
  /** A piece, valid only during the call. Returns false to be left alone until `RequestBody.resume`. */
  write(buffer: Buffer, start: number, end: number): boolean;
  /** The body is complete. Names and values of trailers in turn. */
  end(trailers: readonly string[]): void;
}

/** Gets the body beside the tries, from its first byte, and can hold nobody back. Ends with `finish` or `abandon`. */
export interface BodyCopy {
  /** A piece, valid only during the call. */
  take(buffer: Buffer, start: number, end: number): void;
  /** The body is complete. Names and values of trailers in turn. */
  finish(trailers: readonly string[]): void;
  /** The rest will not come. */
  abandon(): void;
}

/** The connection that the body comes on. */
export interface BodySource {
  /** What was read already still comes. */
  pause(): void;
  resume(): void;
  readonly socket: { readonly bytesRead: number };
}

/** Why a body could not be taken to its end. */
export type BodyFailure = 'body_too_large' | 'request_timeout';

/** Limits of one body. 0 switches a limit off. */
export interface BodyLimits {
  readonly maxBytes: number;
  readonly idleMs: number;
  readonly minBytesPerSecond: number;
  /** Kept for another try up to this size. */
  readonly bufferBytes: number;
}

/** Before a route is found: what comes is held, and the client waits. */
const NO_LIMITS: BodyLimits = { maxBytes: 0, idleMs: 0, minBytesPerSecond: 0, bufferBytes: 0 };

const RATE_GRACE_MS = 5_000;

/** Chunk framing that is no flood: a byte in a chunk of its own costs six. Extensions cost more (CVE-2024-22019 class). */
const MAX_FRAMING_PER_BYTE = 16;

/** And this much beside it, for bytes of the connection that belong to other messages. */
const FRAMING_GRACE_BYTES = 128 * 1024;

export class RequestBody {
  /** undefined when the client sends chunks without saying how many. */
  readonly length: number | undefined;
  readonly #source: BodySource;
  readonly #clock: Clock;
  readonly #onFailure: (failure: BodyFailure) => void;
  readonly #bytesReadBefore: number;
  #limits = NO_LIMITS;
  /** Undefined once another try could not have it whole. */
  #kept: Buffer[] | undefined = [];
  #trailers: readonly string[] = [];
  #received = 0;
  #isSent = false;
  #isComplete: boolean;
  #isOver = false;
  #sink: BodySink | undefined;
  #copy: BodyCopy | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #startedMs = 0;
  #waitedMs = 0;
  #pausedAtMs: number | undefined;

  /** @param onFailure called once when the body breaks a limit */
  constructor(
    source: BodySource,
    length: number | undefined,
    clock: Clock,
    onFailure: (failure: BodyFailure) => void,
  ) {
    this.#source = source;
    this.length = length;
    this.#clock = clock;
    this.#onFailure = onFailure;
    this.#isComplete = length === 0;
    this.#bytesReadBefore = this.#isComplete ? 0 : source.socket.bytesRead;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Everything has come from the client. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Bytes that came from the client so far. */
  get receivedBytes(): number {
    return this.#received;
  }

  /** Another try can have the body from its first byte. */
  get isReplayable(): boolean {
    return this.#kept !== undefined;
  }

  /** More than the limit has come, or is announced. */
  get isTooLarge(): boolean {
    const { maxBytes } = this.#limits;
    return maxBytes > 0 && Math.max(this.#received, this.length ?? 0) > maxBytes;
  }

  /** Says what the body may be, when its route is known; before the first try. */
  limit(limits: BodyLimits): void {
    this.#limits = limits;
  }

  /** Gives the body to a copy too; before the first try. */
  copyTo(copy: BodyCopy): void {
    for (const chunk of this.#kept ?? []) copy.take(chunk, 0, chunk.length);
    if (this.#isComplete) copy.finish(this.#trailers);
    else this.#copy = copy;
  }

  /** Takes a piece from the connection, valid only during the call. */
  take(buffer: Buffer, start: number, end: number): void {
    this.#received += end - start;
    if (this.#isOver) return;
    if (this.isTooLarge || this.#isFlood()) {
      this.#fail('body_too_large');
      return;
    }
    if (this.#isTooSlow()) {
      this.#fail('request_timeout');
      return;
    }
    this.#idleTimer?.refresh();
    this.#keep(buffer, start, end);
    this.#copy?.take(buffer, start, end);
    // Without a try what comes is held, however much it is; the client waits, so it is one read at most.
    if (this.#sink === undefined || !this.#sink.write(buffer, start, end)) this.#pause();
  }

  /** Everything has come. Names and values of trailers in turn. */
  finish(trailers: readonly string[]): void {
    this.#isComplete = true;
    this.#trailers = trailers;
    clearTimeout(this.#idleTimer);
    if (this.#isOver) return;
    this.#sink?.end(trailers);
    this.#copy?.finish(trailers);
    this.#copy = undefined;
  }

  /** Gives the body to a try, from its first byte: kept chunks, then what is still to come. @throws Error when not replayable. */
  sendTo(sink: BodySink): void {
    const kept = this.#kept;
    if (kept === undefined) throw new Error('the body was not kept for another try');
    this.#sink = sink;
    this.#isSent = true;
    if (this.#received > this.#limits.bufferBytes) this.#kept = undefined;
    let mayGoOn = true;
    for (const chunk of kept) mayGoOn = sink.write(chunk, 0, chunk.length);
    if (this.#isComplete) {
      sink.end(this.#trailers);
      return;
    }
    this.#watch();
    if (!mayGoOn) this.#pause();
    else this.resume();
  }

  /** The sink can take more. */
  resume(): void {
    if (this.#isOver || this.#isComplete) return;
    if (this.#pausedAtMs !== undefined)
      this.#waitedMs += this.#clock.monotonicMs() - this.#pausedAtMs;
    this.#pausedAtMs = undefined;
    this.#idleTimer?.refresh();
    this.#source.resume();
  }

  /** The try does not want the rest: nothing more is read until another try or `stop`. */
  detach(): void {
    this.#sink = undefined;
    if (!this.#isComplete && !this.#isOver) this.#pause();
  }

  /** No try will want it any more. Limits and timers end here; what still comes is only counted. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sink = undefined;
    this.#kept = undefined;
    this.#copy?.abandon();
    this.#copy = undefined;
    clearTimeout(this.#idleTimer);
    if (this.#pausedAtMs !== undefined) this.#source.resume();
  }

  /** The answer goes to the client: no other try will come, so nothing needs to be kept. */
  forget(): void {
    this.#kept = undefined;
  }

  #keep(buffer: Buffer, start: number, end: number): void {
    if (this.#kept === undefined) return;
    if (this.#isSent && this.#received > this.#limits.bufferBytes) this.#kept = undefined;
    else this.#kept.push(Buffer.from(buffer.subarray(start, end)));
  }

  /** Starts the limits that go by time. */
  #watch(): void {
    if (this.#idleTimer !== undefined) return;
    this.#startedMs = this.#clock.monotonicMs();
    this.#idleTimer = setTimeout(() => {
      // While the backend is slow to take the body, the client is not to blame.
      if (this.#pausedAtMs === undefined) this.#fail('request_timeout');
      else this.#idleTimer?.refresh();
    }, this.#limits.idleMs);
  }

  #pause(): void {
    if (this.#pausedAtMs !== undefined) return;
    this.#pausedAtMs = this.#clock.monotonicMs();
    this.#source.pause();
  }

  /** Far more framing than body. */
  #isFlood(): boolean {
    if (this.length !== undefined) return false;
    const onWire = this.#source.socket.bytesRead - this.#bytesReadBefore;
    return onWire > FRAMING_GRACE_BYTES + this.#received * MAX_FRAMING_PER_BYTE;
  }

  #isTooSlow(): boolean {
    const { minBytesPerSecond } = this.#limits;
    if (minBytesPerSecond === 0 || this.#idleTimer === undefined) return false;
    const readingMs = this.#clock.monotonicMs() - this.#startedMs - this.#waitedMs;
    return readingMs > RATE_GRACE_MS && this.#received < (minBytesPerSecond * readingMs) / 1000;
  }

  #fail(failure: BodyFailure): void {
    if (this.#isOver) return;
    this.stop();
    this.#onFailure(failure);
  }
}
