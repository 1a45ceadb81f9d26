/**
 * Reads answers on one connection to a backend, strictly: what two parsers could read in two ways is an error.
 *
 *     idle --expect()--> head --> (1xx: head again) --> body --+--> idle
 *                                                    '--> chunk line <--> body, trailers --'
 *     any of them --error--> broken, for good
 *
 * The caller feeds bytes and gets events, in their order and before `execute` returns. Nothing is copied but a head or
 * trailers that come in pieces.
 */
import { ChunkedBody } from '../../http1/chunked-body.ts';
import {
  FieldSection,
  MALFORMED,
  type SectionLimits,
  UNFINISHED,
} from '../../http1/field-section.ts';
import type { HeadText } from '../../http1/head-text.ts';
import type { ParseError } from '../../http1/parse-error.ts';
import { hasFraming } from '../../http1/transfer-encoding.ts';
import { isStatusLine, readHead, type ResponseHead } from './response-head.ts';

export type { ParseError } from '../../http1/parse-error.ts';
export type { ResponseHead } from './response-head.ts';

export interface ParserLimits extends SectionLimits {
  /** Interim answers before the final one. */
  readonly maxInformation: number;
}

/** Called from `execute` (and `onComplete` from `finish`). They may call `expect`, and only when the parser is idle. */
export interface ParserEvents {
  /** An interim answer. 101 is one, too, and the last thing that is read: see `execute`. */
  onInformation(status: number, lines: HeadText): void;
  /** The head of the final answer. Called before any body. */
  onHead(head: ResponseHead): void;
  /** A piece of the body, never empty: a view into the buffer that was given to `execute`, valid only during the call. */
  onBody(buffer: Buffer, start: number, end: number): void;
  /** The message is complete. `isIdle` is false here when bytes follow that nobody asked for. Names and values in turn. */
  onComplete(trailers: readonly string[]): void;
}

const DEFAULT_LIMITS: ParserLimits = { maxHeadBytes: 65_536, maxFields: 256, maxInformation: 256 };

const NO_TRAILERS: readonly string[] = [];

const IDLE = 0;
const HEAD = 1;
const BODY = 2;
const CHUNK_LINE = 3;
const TRAILERS = 4;
const UNTIL_CLOSE = 5;
const SWITCHED = 6;
const BROKEN = 7;
type State =
  | typeof IDLE
  | typeof HEAD
  | typeof BODY
  | typeof CHUNK_LINE
  | typeof TRAILERS
  | typeof UNTIL_CLOSE
  | typeof SWITCHED
  | typeof BROKEN;

/** One per connection; serves its answers one after the other. */
export class ResponseParser {
  readonly #events: ParserEvents;
  readonly #maxInformation: number;
  readonly #section: FieldSection;
  readonly #chunks = new ChunkedBody();
  #state: State = IDLE;
  #error: ParseError | undefined;
  #bodyless = false;
  #isUntouched = true;
  #informationCount = 0;
  #isChunked = false;
  /** Bytes of the body, or of its current chunk, that are still to come. */
  #remaining = 0;

  constructor(events: ParserEvents, limits: ParserLimits = DEFAULT_LIMITS) {
    this.#events = events;
    this.#maxInformation = limits.maxInformation;
    this.#section = new FieldSection(limits, {
      isStartLine: isStatusLine,
      error: 'bad_status_line',
    });
  }

  /** No byte of an answer has come since `expect`. */
  get isUntouched(): boolean {
    return this.#isUntouched;
  }

  /** Between messages, with nothing wrong so far: `expect` may be called. */
  get isIdle(): boolean {
    return this.#state === IDLE;
  }

  /**
   * Prepares for the answer to the next request. Changes nothing once there was an error; in the middle of a message it is
   * one itself, which the next `execute` returns: what is to come would be taken for the wrong answer.
   * @param bodyless the request is HEAD
   */
  expect(bodyless: boolean): void {
    if (this.#state === BROKEN) return;
    if (this.#state !== IDLE) {
      this.#fail('busy');
      return;
    }
    this.#state = HEAD;
    this.#bodyless = bodyless;
    this.#isUntouched = true;
    this.#informationCount = 0;
    this.#section.begin(true);
  }

  /**
   * Takes bytes. After an error the parser is of no more use: no event follows, and every call returns that error.
   * A caller who asked to switch protocols stops calling at the 101: what comes behind it is no HTTP, and an error here.
   */
  execute(buffer: Buffer, start: number, end: number): ParseError | undefined {
    let at = start;
    while (at < end) {
      switch (this.#state) {
        case HEAD:
          this.#isUntouched = false;
          at = this.#section.read(buffer, at, end);
          if (at === MALFORMED) return this.#fail(this.#section.error);
          if (at === UNFINISHED) return undefined;
          this.#endHead(at < end);
          break;
        case BODY: {
          const pieceEnd = Math.min(end, at + this.#remaining);
          this.#remaining -= pieceEnd - at;
          if (this.#remaining === 0 && this.#isChunked) this.#state = CHUNK_LINE;
          this.#events.onBody(buffer, at, pieceEnd);
          at = pieceEnd;
          if (this.#remaining === 0 && !this.#isChunked) this.#complete(NO_TRAILERS, at < end);
          break;
        }
        case CHUNK_LINE:
          at = this.#chunks.read(buffer, at, end);
          if (at === MALFORMED) return this.#fail(this.#chunks.error);
          if (at === UNFINISHED) return undefined;
          this.#beginChunk(this.#chunks.size);
          break;
        case TRAILERS:
          at = this.#section.read(buffer, at, end);
          if (at === MALFORMED) return this.#fail(this.#section.error);
          if (at === UNFINISHED) return undefined;
          this.#endTrailers(at < end);
          break;
        case UNTIL_CLOSE:
          this.#events.onBody(buffer, at, end);
          return this.#error;
        // RFC 9112 section 9.2: what comes without a request outstanding is no answer. Section 6.3: nor what comes behind one.
        case IDLE:
        case SWITCHED:
          return this.#fail('excess');
        case BROKEN:
          return this.#error;
      }
    }
    return this.#error;
  }

  /**
   * The connection ended in order. Completes a body that ends so; the error, if there is one, is returned by every later
   * call. Not for a reset or a TLS stream cut short: a body that only the close delimits is then incomplete.
   * @see RFC 9112 section 8
   */
  finish(): ParseError | undefined {
    switch (this.#state) {
      case IDLE:
        return undefined;
      case UNTIL_CLOSE:
        this.#complete(NO_TRAILERS, false);
        return undefined;
      case BROKEN:
        return this.#error;
      default:
        return this.#fail(this.#isUntouched ? 'no_answer' : 'truncated');
    }
  }

  /** @param hasMore bytes follow in this buffer */
  #endHead(hasMore: boolean): void {
    const head = readHead(this.#section.takeHead(), this.#bodyless);
    if (typeof head === 'string') {
      this.#fail(head);
    } else if (head.status < 200) {
      this.#endInformation(head);
    } else {
      this.#beginBody(head, hasMore);
    }
  }

  /** An interim answer is no answer: the final one follows. @see RFC 9110 section 15.2, and 15.2.2 for 101 */
  #endInformation({ status, lines, keepAlive }: ResponseHead): void {
    // Of HTTP/1.0, which has none, or the last message of its connection: what follows cannot be its final answer.
    if (!keepAlive) {
      this.#fail('bad_interim_answer');
      return;
    }
    if (++this.#informationCount > this.#maxInformation) {
      this.#fail('too_many_interim_answers');
      return;
    }
    if (status === 101) this.#state = SWITCHED;
    else this.#section.begin(true);
    this.#events.onInformation(status, lines);
  }

  #beginBody(head: ResponseHead, hasMore: boolean): void {
    this.#isChunked = false;
    switch (head.framing) {
      case 'close':
        this.#state = UNTIL_CLOSE;
        break;
      case 'chunked':
        this.#isChunked = true;
        this.#state = CHUNK_LINE;
        this.#chunks.begin();
        break;
      case 'none':
        this.#remaining = 0;
        this.#state = BODY;
        break;
      case 'length':
        this.#remaining = head.contentLength ?? 0;
        this.#state = BODY;
        break;
    }
    const isComplete = this.#state === BODY && this.#remaining === 0;
    this.#events.onHead(head);
    if (isComplete) this.#complete(NO_TRAILERS, hasMore);
  }

  #beginChunk(size: number): void {
    if (size > 0) {
      this.#remaining = size;
      this.#state = BODY;
      return;
    }
    // RFC 9112 section 7.1.2: the last chunk, then trailers and an empty line.
    this.#state = TRAILERS;
    this.#section.begin(false);
  }

  #endTrailers(hasMore: boolean): void {
    const head = this.#section.takeHead();
    if (hasFraming(head)) this.#fail('framing_in_trailers');
    else this.#complete(head.fields, hasMore);
  }

  /**
   * The state changes before the event: a caller may have the next request at hand. Not so when bytes follow, which would
   * be taken for the answer to it (response queue poisoning, CVE-2026-48931; RFC 9112 section 6.3).
   */
  #complete(trailers: readonly string[], hasMore: boolean): void {
    // An event before this one may have broken the order, see `expect`.
    if (this.#state === BROKEN) return;
    if (hasMore) this.#fail('excess');
    else this.#state = IDLE;
    this.#events.onComplete(trailers);
  }

  #fail(error: ParseError): ParseError {
    this.#state = BROKEN;
    this.#error = error;
    return error;
  }
}
