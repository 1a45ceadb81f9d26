/**
 * Reads requests on one client connection, strictly: what two parsers could read in two ways is an error, because a request
 * that the backend reads in another way than we did is how requests are smuggled (RFC 9112 section 11.2).
 *
 *     idle --(CR LF)*--> head --> body --+--> idle
 *                                  '--> chunk line <--> body, trailers --'
 *     any of them --error--> broken, for good
 *
 * The caller feeds bytes and gets events before `execute` returns. It stops behind each message: what follows is the next
 * request, and the caller decides when its turn comes.
 */
import { ChunkedBody } from '../../http1/chunked-body.ts';
import {
  FieldSection,
  MALFORMED,
  type SectionLimits,
  type StartLine,
  UNFINISHED,
} from '../../http1/field-section.ts';
import type { ParseError } from '../../http1/parse-error.ts';
import { hasFraming } from '../../http1/transfer-encoding.ts';
import { isRequestLine, readRequestHead, type RequestHead } from '../../request/request-head.ts';

/** Called from `execute`, in the order of the message. */
export interface RequestParserEvents {
  /** Called before any body; where there is none, `onComplete` follows at once. */
  onHead(head: RequestHead): void;
  /** A piece of the body, never empty: a view into the buffer that was given to `execute`, valid only during the call. */
  onBody(buffer: Buffer, start: number, end: number): void;
  /** The message is complete. Names and values of trailers in turn. */
  onComplete(trailers: readonly string[]): void;
}

const REQUEST_LINE: StartLine = { isStartLine: isRequestLine, error: 'bad_request_line' };

/** Some clients send an empty line behind a body. A server SHOULD ignore at least one. @see RFC 9112 section 2.2 */
const MAX_EMPTY_LINES = 4;

const NO_TRAILERS: readonly string[] = [];

const CR = 0x0d;
const LF = 0x0a;

const IDLE = 0;
const EMPTY_LINE = 1;
const HEAD = 2;
const BODY = 3;
const CHUNK_LINE = 4;
const TRAILERS = 5;
const BROKEN = 6;
type State =
  | typeof IDLE
  | typeof EMPTY_LINE
  | typeof HEAD
  | typeof BODY
  | typeof CHUNK_LINE
  | typeof TRAILERS
  | typeof BROKEN;

/** One per connection; reads its requests one after the other. */
export class RequestParser {
  /** Why the last `execute` returned MALFORMED. */
  error: ParseError = 'truncated';
  readonly #events: RequestParserEvents;
  readonly #section: FieldSection;
  readonly #chunks = new ChunkedBody();
  #state: State = IDLE;
  #emptyLines = 0;
  /** A message ended in this call of `execute`. */
  #isComplete = false;
  #isChunked = false;
  /** Bytes of the body, or of its current chunk, that are still to come. */
  #remaining = 0;

  constructor(events: RequestParserEvents, limits: SectionLimits) {
    this.#events = events;
    this.#section = new FieldSection(limits, REQUEST_LINE);
  }

  /** Between messages, with nothing wrong so far and nothing of the next one but empty lines. */
  get isIdle(): boolean {
    return this.#state === IDLE;
  }

  /** A head has begun and is not whole. */
  get isInHead(): boolean {
    return this.#state === HEAD;
  }

  /**
   * Takes bytes, to the end of a message at most.
   * @returns the position behind what was taken; MALFORMED with `error` set, then and for ever after
   */
  execute(buffer: Buffer, start: number, end: number): number {
    let at = start;
    this.#isComplete = false;
    while (at >= 0 && at < end && !this.#isComplete) at = this.#step(buffer, at, end);
    return at;
  }

  /** Goes on in the present state. @returns the position behind what was taken, or MALFORMED */
  #step(buffer: Buffer, at: number, end: number): number {
    switch (this.#state) {
      case IDLE:
        return this.#begin(buffer, at);
      case EMPTY_LINE:
        this.#state = IDLE;
        return buffer[at] === LF ? at + 1 : this.#fail('bad_line_end');
      case HEAD:
      case TRAILERS:
        return this.#readSection(buffer, at, end);
      case BODY:
        return this.#readBody(buffer, at, end);
      case CHUNK_LINE:
        return this.#readChunkLine(buffer, at, end);
      case BROKEN:
        return MALFORMED;
    }
  }

  #begin(buffer: Buffer, at: number): number {
    if (buffer[at] === CR) {
      if (++this.#emptyLines > MAX_EMPTY_LINES) return this.#fail('bad_request_line');
      this.#state = EMPTY_LINE;
      return at + 1;
    }
    this.#emptyLines = 0;
    this.#section.begin(true);
    this.#state = HEAD;
    return at;
  }

  #readSection(buffer: Buffer, start: number, end: number): number {
    const at = this.#section.read(buffer, start, end);
    if (at === UNFINISHED) return end;
    if (at === MALFORMED) return this.#fail(this.#section.error);
    if (this.#state === HEAD) return this.#endHead() ? at : MALFORMED;
    const trailers = this.#section.takeHead();
    if (hasFraming(trailers)) return this.#fail('framing_in_trailers');
    this.#complete(trailers.fields);
    return at;
  }

  #readBody(buffer: Buffer, start: number, end: number): number {
    const at = Math.min(end, start + this.#remaining);
    this.#remaining -= at - start;
    if (this.#remaining === 0 && this.#isChunked) this.#state = CHUNK_LINE;
    this.#events.onBody(buffer, start, at);
    if (this.#remaining === 0 && !this.#isChunked) this.#complete(NO_TRAILERS);
    return at;
  }

  #endHead(): boolean {
    const head = readRequestHead(this.#section.takeHead());
    if (typeof head === 'string') {
      this.#fail(head);
      return false;
    }
    this.#isChunked = head.isChunked;
    this.#remaining = head.contentLength ?? 0;
    if (head.isChunked) {
      this.#state = CHUNK_LINE;
      this.#chunks.begin();
      this.#events.onHead(head);
    } else if (this.#remaining > 0) {
      this.#state = BODY;
      this.#events.onHead(head);
    } else {
      this.#state = IDLE;
      this.#events.onHead(head);
      this.#complete(NO_TRAILERS);
    }
    return true;
  }

  #readChunkLine(buffer: Buffer, start: number, end: number): number {
    const at = this.#chunks.read(buffer, start, end);
    if (at === UNFINISHED) return end;
    if (at === MALFORMED) return this.#fail(this.#chunks.error);
    this.#remaining = this.#chunks.size;
    if (this.#remaining > 0) {
      this.#state = BODY;
    } else {
      // RFC 9112 section 7.1.2: the last chunk, then trailers and an empty line.
      this.#state = TRAILERS;
      this.#section.begin(false);
    }
    return at;
  }

  #complete(trailers: readonly string[]): void {
    this.#state = IDLE;
    this.#isComplete = true;
    this.#events.onComplete(trailers);
  }

  #fail(error: ParseError): typeof MALFORMED {
    this.#state = BROKEN;
    this.error = error;
    return MALFORMED;
  }
}
