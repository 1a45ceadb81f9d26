/**
 * What an engine does: it carries one try of a request to one backend, and the answer back.
 *
 *     exchange ── UpstreamRequest ──▶ engine ──▶ backend
 *     exchange ◀── onInformation* ── onAnswer ── onBody* ── onEnd │ onCut
 *              ◀── onFailure: no answer at all
 *
 * Everything that decides (which backend, whether to try again, what a client sees) is outside of it, so an engine needs
 * to know HTTP framing and its own connections and nothing else.
 */
import type { Engine } from '@lb/shared/config/schema/pool';
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Backend } from '../balancing/backend.ts';
import type { HeadText } from '../http1/head-text.ts';
import type { RequestBody } from '../request/request-body.ts';
import type { TrySpan } from '../tracing/try-span.ts';

/** One try, ready to be written. */
export interface UpstreamRequest {
  /** With its CR LF; it says what `method` and `target` say. */
  readonly startLine: string;
  readonly method: string;
  /** Path and query exactly as they go on the wire. */
  readonly target: string;
  /** Field lines with their CR LF, all of them final: no hop-by-hop field, no framing. Latin-1. */
  readonly lines: string;
  /** undefined when the request has none. */
  readonly body: RequestBody | undefined;
  readonly timeouts: {
    /** Milliseconds, as all of these. */
    readonly connect: number;
    readonly response: number;
    readonly idle: number;
  };
  /** On the monotonic clock. */
  readonly startedMs: number;
  /** Of the try; undefined where the request is not traced. */
  readonly span: TrySpan | undefined;
}

/** The head of an answer. */
export interface UpstreamAnswer {
  /** 200 to 599. */
  readonly status: number;
  readonly statusMessage: string;
  /** As it came, hop-by-hop fields and framing included. */
  readonly lines: HeadText;
}

/** A try that brought no answer. */
export interface Failure {
  readonly code: FailureCode;
  /** For the log: what the system said. */
  readonly detail: string;
  /** The connection had served before. */
  readonly reusedConnection: boolean;
  /** Some of an answer had come. If none on a reused connection, its end may have crossed the request on the way. */
  readonly hasAnswerBegun: boolean;
  /** This machine could not even try (out of descriptors, ports or memory); the backend is not to blame. */
  readonly isLocal: boolean;
}

/**
 * Takes what comes of a try. None is called before `forward` has returned, nor after `cancel`. Exactly one of `onEnd`, `onCut` and
 * `onFailure` ends it.
 */
export interface TryEvents {
  /** An interim answer (1xx but 101). */
  onInformation(status: number, lines: HeadText): void;
  /** The head of the answer. @param nowMs on the monotonic clock */
  onAnswer(answer: UpstreamAnswer, nowMs: number): void;
  /** A piece of the body, valid only during the call. Returns false to be left alone until `resume`. */
  onBody(buffer: Buffer, start: number, end: number): boolean;
  /** That was all for now: what was held back to go out in one piece should go. */
  onFlush(): void;
  /** The answer is complete. Names and values of trailers in turn. @param nowMs on the monotonic clock */
  onEnd(trailers: readonly string[], nowMs: number): void;
  /** The rest of the body will not come: what was relayed must not look complete. */
  onCut(code: FailureCode, detail: string): void;
  /** There will be no answer. */
  onFailure(failure: Failure): void;
}

/** One try under way. */
export interface Try {
  /** Milliseconds that a new connection took; undefined while there is none or when one was reused. */
  readonly connectMs: number | undefined;
  /** Goes on after `onBody` returned false. */
  resume(): void;
  /**
   * Drops an answer whose head has come: nothing more is heard of it. The connection is kept where the rest of the answer
   * is at hand already, else closed.
   */
  discard(): void;
  /** Drops the try in any phase; the backend's connection is closed unless the answer was complete. */
  cancel(): void;
}

/** An engine, under its name in lb.yaml. */
export type Forwarders = Readonly<Record<Engine, Forwarder>>;

/** An engine. */
export interface Forwarder {
  forward(request: UpstreamRequest, backend: Backend, events: TryEvents): Try;
}
