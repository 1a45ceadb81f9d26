/** The answer of a backend on its way to the exchange: with backpressure, a deadline between two chunks, and one end. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@lb/shared/time/clock';
import type { FailureCode } from '@lb/shared/errors/reasons';
import { headTextOf } from '../../http1/head-text.ts';
import type { TryEvents } from '../forwarder.ts';
import { isTls } from './is-tls.ts';

/** Longest head of an answer; a longer one is malformed. */
export const MAX_HEAD_BYTES: number = 64 * 1024;

export interface AnswerOptions {
  /** Longest pause between two chunks, in milliseconds. */
  readonly idleMs: number;
  /** The request was HEAD. */
  readonly isHead: boolean;
  readonly clock: Clock;
}

export class Answer {
  readonly #message: IncomingMessage;
  readonly #events: TryEvents;
  readonly #idleMs: number;
  readonly #clock: Clock;
  readonly #mayBeCut: boolean;
  readonly #onOver: (isWhole: boolean) => void;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** @param onOver called once, before the exchange is told: the body has been relayed whole, or the rest will not come */
  constructor(
    message: IncomingMessage,
    events: TryEvents,
    { idleMs, isHead, clock }: AnswerOptions,
    onOver: (isWhole: boolean) => void,
  ) {
    this.#message = message;
    this.#events = events;
    this.#idleMs = idleMs;
    this.#clock = clock;
    this.#mayBeCut = isTls(message.socket) && !isHead && endsWithClose(message);
    this.#onOver = onOver;
  }

  /** Hands over the head; the body follows. */
  relay(): void {
    const message = this.#message;
    // What an error would say, `close` says as well.
    message.on('error', () => undefined);
    message.once('close', () =>
      this.fail('reset', 'the backend closed the connection in the middle of its answer'),
    );
    this.#timer = setTimeout(() => this.#onTimeout(), this.#idleMs);
    const answer = {
      status: message.statusCode ?? 0,
      statusMessage: message.statusMessage ?? '',
      lines: headTextOf(message.rawHeaders),
    };
    this.#events.onAnswer(answer, this.#clock.monotonicMs());
    message.on('data', (chunk: Buffer) => this.#onData(chunk));
    message.once('end', () => this.#onEnd());
    // A head whose body is slow to come must not wait for it; a body at hand shares its packet.
    setImmediate(() => {
      if (!this.#isOver) this.#events.onFlush();
    });
  }

  resume(): void {
    this.keepAlive();
    this.#message.resume();
  }

  /** Something went on: the deadline starts again. */
  keepAlive(): void {
    if (!this.#isOver) this.#timer?.refresh();
  }

  /** The connection failed. What came behind a message that is whole already is no part of it: its end is still to come. */
  fail(code: FailureCode, detail: string): void {
    if (!this.#isOver && !this.#message.complete) this.#fail(code, detail);
  }

  #fail(code: FailureCode, detail: string): void {
    this.drop();
    this.#onOver(false);
    this.#events.onCut(code, detail);
  }

  /** Nobody wants the rest. */
  drop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** Nobody wants it; the connection is free again when it has been read to its end. @param onOver it was at hand whole, or not */
  discard(onOver: (isWhole: boolean) => void): void {
    this.drop();
    this.#message.resume();
    // What came in one read with the head is parsed by then.
    setImmediate(() => onOver(this.#message.complete));
  }

  #onData(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#timer?.refresh();
    const mayGoOn = this.#events.onBody(chunk, 0, chunk.length);
    // The last piece of a known length goes out with the end.
    if (!this.#message.complete) this.#events.onFlush();
    if (!mayGoOn) this.#message.pause();
  }

  #onEnd(): void {
    if (this.#isOver || !this.#message.complete) return;
    if (this.#mayBeCut) {
      this.#fail('reset', 'the end of a body over TLS without a length proves nothing');
      return;
    }
    this.drop();
    this.#onOver(true);
    this.#events.onEnd(this.#message.rawTrailers, this.#clock.monotonicMs());
  }

  #onTimeout(): void {
    // While the client is slow to take the answer, the backend is not to blame.
    if (this.#message.isPaused()) this.#timer?.refresh();
    else this.fail('response_timeout', 'the answer stopped half-way');
  }
}

/**
 * Only the close says that the body is whole. Over TLS it does not: whether the backend closed or somebody on the way cut is
 * something that Node does not tell. @see RFC 9112 section 9.8
 */
function endsWithClose({ headers, statusCode }: IncomingMessage): boolean {
  if (statusCode === 204 || statusCode === 304) return false;
  return headers['transfer-encoding'] === undefined && headers['content-length'] === undefined;
}
