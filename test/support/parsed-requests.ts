/** What a RequestParser makes of the bytes of a connection, written down. */
import { MALFORMED, type SectionLimits } from '@lb/worker/internal/http1/field-section';
import type { ParseError } from '@lb/worker/internal/http1/parse-error';
import {
  type Destination,
  type RefusedHead,
  readDestination,
} from '@lb/worker/internal/request/destination';
import type { RequestHead } from '@lb/worker/internal/request/request-head';
import { RequestParser } from '@lb/worker/internal/server/http1/request-parser';

/** One request. Texts are Latin-1. */
export interface ParsedRequest {
  readonly method: string;
  readonly target: string;
  readonly httpMinor: 0 | 1;
  /** Names and values in turn. */
  readonly fields: readonly string[];
  readonly contentLength: number | undefined;
  readonly isChunked: boolean;
  readonly keepsAlive: boolean;
  readonly destination: Destination | RefusedHead;
  body: string;
  /** undefined while the message is not complete. */
  trailers: readonly string[] | undefined;
  /** How many bytes of the connection came up to its end. */
  end: number | undefined;
}

/** Everything that came out of a parser, in a shape that does not depend on how the bytes were cut. */
export interface ParsedRequests {
  readonly requests: ParsedRequest[];
  error: ParseError | undefined;
  /** Where it stands behind the last byte. */
  isIdle: boolean;
  isInHead: boolean;
  /** Broken promises about events and positions. */
  readonly violations: string[];
}

/** The limits of a listener that sets none. */
export const DEFAULT_LIMITS: SectionLimits = { maxHeadBytes: 32_768, maxFields: 100 };

/** Feeds a connection in pieces. */
export function parseRequests(
  pieces: readonly Buffer[],
  limits: SectionLimits = DEFAULT_LIMITS,
): ParsedRequests {
  const recorder = new RequestRecorder(limits);
  for (const piece of pieces) recorder.feed(piece);
  return recorder.parsed;
}

/** A parser that writes down its events, and what it should not have done. */
class RequestRecorder {
  readonly parsed: ParsedRequests = {
    requests: [],
    error: undefined,
    isIdle: true,
    isInHead: false,
    violations: [],
  };
  readonly #parser: RequestParser;
  readonly #hosts = { hostMemo: undefined };
  #takenBefore = 0;
  #completed = 0;

  constructor(limits: SectionLimits) {
    this.#parser = new RequestParser(
      {
        onHead: (head) => this.#onHead(head),
        onBody: (buffer, start, end) => {
          const request = this.#open('body');
          if (start >= end) this.#violate('an empty piece of body');
          if (request !== undefined) request.body += buffer.toString('latin1', start, end);
        },
        onComplete: (trailers) => {
          const request = this.#open('complete');
          if (request !== undefined) request.trailers = trailers;
          this.#completed++;
        },
      },
      limits,
    );
  }

  /** Gives a piece from the middle of a larger buffer, whose other bytes nobody may read. */
  feed(piece: Buffer): void {
    const padded = Buffer.concat([Buffer.from('\r\n\r\n'), piece, Buffer.from('\r\n\r\nx')]);
    const end = 4 + piece.length;
    let at = 4;
    while (at < end) {
      const next = this.#execute(padded, at, end);
      if (next === undefined) break;
      at = next;
    }
    this.#takenBefore += piece.length;
    this.parsed.isIdle = this.#parser.isIdle;
    this.parsed.isInHead = this.#parser.isInHead;
  }

  /** @returns where to go on; undefined for never */
  #execute(padded: Buffer, at: number, end: number): number | undefined {
    const { parsed } = this;
    const errorBefore = parsed.error;
    this.#completed = 0;
    const next = this.#parser.execute(padded, at, end);
    if (next === MALFORMED) {
      parsed.error = this.#parser.error;
      if (errorBefore !== undefined && errorBefore !== parsed.error)
        this.#violate(`${errorBefore}, then ${parsed.error}`);
      return undefined;
    }
    if (errorBefore !== undefined) this.#violate(`goes on after ${errorBefore}`);
    if (next <= at || next > end) {
      this.#violate(`from ${at} to ${next} of ${end}`);
      return undefined;
    }
    if (this.#completed > 1) this.#violate('two messages at once');
    if (this.#completed === 0 && next < end) this.#violate('stops within a message');
    const last = parsed.requests.at(-1);
    if (this.#completed === 1 && last !== undefined) last.end = this.#takenBefore + next - 4;
    return next;
  }

  #onHead(head: RequestHead): void {
    const last = this.parsed.requests.at(-1);
    if (last !== undefined && last.trailers === undefined) this.#violate('a head within a message');
    if (this.parsed.error !== undefined) this.#violate(`a head after ${this.parsed.error}`);
    const { method, target, httpMinor, lines, contentLength, isChunked, keepsAlive } = head;
    this.parsed.requests.push({
      method,
      target,
      httpMinor,
      contentLength,
      isChunked,
      keepsAlive,
      fields: lines.fields,
      destination: readDestination(head, this.#hosts),
      body: '',
      trailers: undefined,
      end: undefined,
    });
  }

  /** The request that is being read. */
  #open(event: string): ParsedRequest | undefined {
    const last = this.parsed.requests.at(-1);
    if (last === undefined || last.trailers !== undefined) this.#violate(`${event} out of order`);
    if (this.parsed.error !== undefined) this.#violate(`${event} after ${this.parsed.error}`);
    return last;
  }

  #violate(promise: string): void {
    this.parsed.violations.push(promise);
  }
}
