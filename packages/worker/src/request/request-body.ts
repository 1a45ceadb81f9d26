/**
 * The body of a request between its client and the tries: counted, limited, paced, and kept as long as another try may
 * need it.
 *
 *     client ── IncomingMessage ──▶ RequestBody ── BodySink ──▶ a try
 *                                      └─ kept chunks, up to bufferBytes, for the next try
 */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@lb/shared/time/clock';

/** Where a try takes the body. */
export interface BodySink {
  /** Returns false to be left alone until `RequestBody.resume`. */
  write(chunk: Buffer): boolean;
  /** The body is complete. Names and values of trailers in turn. */
  end(trailers: readonly string[]): void;
}

/** Why a body could not be taken to its end. `aborted`: the client left in the middle of it. */
export type BodyFailure = 'body_too_large' | 'request_timeout' | 'aborted';

/** Limits of one body. 0 switches a limit off. */
export interface BodyLimits {
  readonly maxBytes: number;
  readonly idleMs: number;
  readonly minBytesPerSecond: number;
  /** Kept for another try up to this size. */
  readonly bufferBytes: number;
}

const RATE_GRACE_MS = 5_000;

/** Chunk framing that is no flood: a byte in a chunk of its own costs six. Extensions cost more (CVE-2024-22019 class). */
const MAX_FRAMING_PER_BYTE = 16;

/** And this much beside it, for bytes of the connection that belong to other messages. */
const FRAMING_GRACE_BYTES = 128 * 1024;

export class RequestBody {
  /** undefined when the client sends chunks without saying how many. */
  readonly length: number | undefined;
  readonly #request: IncomingMessage;
  readonly #limits: BodyLimits;
  readonly #clock: Clock;
  readonly #onFailure: (failure: BodyFailure) => void;
  readonly #bytesReadBefore: number;
  #kept: Buffer[] | undefined = [];
  #received = 0;
  #isReading = false;
  #isComplete: boolean;
  #isOver = false;
  #sink: BodySink | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #startedMs = 0;
  #waitedMs = 0;
  #pausedAtMs: number | undefined;

  /** @param onFailure called once, asynchronously, when the body breaks a limit or its client leaves in its midst. */
  constructor(
    request: IncomingMessage,
    limits: BodyLimits,
    clock: Clock,
    onFailure: (failure: BodyFailure) => void,
  ) {
    const { 'transfer-encoding': coding, 'content-length': length } = request.headers;
    this.#request = request;
    this.#limits = limits;
    this.#clock = clock;
    this.#onFailure = onFailure;
    this.#bytesReadBefore = request.socket.bytesRead;
    this.length = coding === undefined ? Number(length ?? 0) : undefined;
    this.#isComplete = this.length === 0;
  }

  /** Whether the client said it sends a body, even an empty one; framing is only passed on for those. */
  get isPresent(): boolean {
    return this.length !== 0 || this.#request.headers['content-length'] !== undefined;
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

  /** True when the announced length is above the limit, before a byte of it is read. */
  get isAnnouncedTooLarge(): boolean {
    return (
      this.#limits.maxBytes > 0 && this.length !== undefined && this.length > this.#limits.maxBytes
    );
  }

  /** Gives the body to a try, from its first byte: kept chunks, then what is still to come. @throws Error when not replayable. */
  sendTo(sink: BodySink): void {
    if (this.#kept === undefined) throw new Error('the body was not kept for another try');
    this.#sink = sink;
    let mayGoOn = true;
    for (const chunk of this.#kept) mayGoOn = sink.write(chunk);
    if (this.#isComplete) {
      sink.end(this.#request.rawTrailers);
      return;
    }
    this.#read();
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
    this.#request.resume();
  }

  /** The try does not want the rest: nothing more is read until another try or `stop`. */
  detach(): void {
    this.#sink = undefined;
    if (!this.#isComplete && this.#isReading) this.#pause();
  }

  /** No try will want it any more. Limits and timers end here; what still comes is for the reply to drain. */
  stop(): void {
    this.#isOver = true;
    this.#sink = undefined;
    this.#kept = undefined;
    clearTimeout(this.#idleTimer);
  }

  /** The answer goes to the client: no other try will come, so nothing needs to be kept. */
  forget(): void {
    this.#kept = undefined;
  }

  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#startedMs = this.#clock.monotonicMs();
    this.#idleTimer = setTimeout(() => {
      // While the backend is slow to take the body, the client is not to blame.
      if (this.#pausedAtMs === undefined) this.#fail('request_timeout');
      else this.#idleTimer?.refresh();
    }, this.#limits.idleMs);
    this.#request.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#request.once('end', () => this.#onEnd());
    this.#request.once('close', () => {
      if (!this.#isComplete) this.#fail('aborted');
    });
  }

  #onData(chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#isOver) return;
    if (this.#isTooLarge()) {
      this.#fail('body_too_large');
      return;
    }
    if (this.#isTooSlow()) {
      this.#fail('request_timeout');
      return;
    }
    this.#idleTimer?.refresh();
    if (this.#kept !== undefined) {
      if (this.#received <= this.#limits.bufferBytes) this.#kept.push(chunk);
      else this.#kept = undefined;
    }
    if (this.#sink?.write(chunk) === false) this.#pause();
  }

  #onEnd(): void {
    this.#isComplete = true;
    clearTimeout(this.#idleTimer);
    if (!this.#isOver) this.#sink?.end(this.#request.rawTrailers);
  }

  #pause(): void {
    this.#pausedAtMs ??= this.#clock.monotonicMs();
    this.#request.pause();
  }

  #isTooLarge(): boolean {
    const { maxBytes } = this.#limits;
    if (maxBytes > 0 && this.#received > maxBytes) return true;
    const onWire = this.#request.socket.bytesRead - this.#bytesReadBefore;
    return onWire > FRAMING_GRACE_BYTES + this.#received * MAX_FRAMING_PER_BYTE;
  }

  #isTooSlow(): boolean {
    const { minBytesPerSecond } = this.#limits;
    if (minBytesPerSecond === 0) return false;
    const readingMs = this.#clock.monotonicMs() - this.#startedMs - this.#waitedMs;
    return readingMs > RATE_GRACE_MS && this.#received < (minBytesPerSecond * readingMs) / 1000;
  }

  #fail(failure: BodyFailure): void {
    if (this.#isOver) return;
    this.stop();
    this.#onFailure(failure);
  }
}
