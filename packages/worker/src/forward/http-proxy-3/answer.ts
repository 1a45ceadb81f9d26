/** The answer of a backend on its way into a sink: with backpressure, a deadline between two chunks, and one end. */
import type { IncomingMessage } from 'node:http';
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { ResponseSink, UpstreamResponse } from '../forwarder.ts';

/** Longest head of an answer; a longer one is malformed. */
export const MAX_HEAD_BYTES: number = 64 * 1024;

export class Answer implements UpstreamResponse {
  readonly status: number;
  readonly statusMessage: string;
  readonly headers: readonly string[];
  readonly #message: IncomingMessage;
  readonly #idleMs: number;
  readonly #onOver: (isWhole: boolean) => void;
  #sink: ResponseSink | undefined;
  #failure: { readonly code: FailureCode; readonly detail: string } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** @param onOver called once, before the sink is told: the body has been relayed whole, or the rest will not come */
  constructor(message: IncomingMessage, idleMs: number, onOver: (isWhole: boolean) => void) {
    this.status = message.statusCode ?? 0;
    this.statusMessage = message.statusMessage ?? '';
    this.headers = message.rawHeaders;
    this.#message = message;
    this.#idleMs = idleMs;
    this.#onOver = onOver;
    // What an error would say, `close` says as well.
    message.on('error', () => undefined);
    message.once('close', () =>
      this.fail('reset', 'the backend closed the connection in the middle of its answer'),
    );
  }

  relay(sink: ResponseSink): void {
    // The head and the fault may come in one packet, before there is a sink.
    if (this.#failure !== undefined) {
      sink.fail(this.#failure.code, this.#failure.detail);
      return;
    }
    this.#sink = sink;
    this.#timer = setTimeout(() => this.#onTimeout(), this.#idleMs);
    this.#message.on('data', (chunk: Buffer) => {
      if (this.#isOver) return;
      this.#timer?.refresh();
      if (!sink.data(chunk)) this.#message.pause();
    });
    this.#message.once('end', () => {
      if (this.#isOver || !this.#message.complete) return;
      this.drop();
      this.#onOver(true);
      sink.end(this.#message.rawTrailers);
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
    if (this.#isOver || this.#message.complete) return;
    this.drop();
    this.#failure = { code, detail };
    this.#onOver(false);
    this.#sink?.fail(code, detail);
  }

  /** Nobody wants the rest. */
  drop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #onTimeout(): void {
    // While the client is slow to take the answer, the backend is not to blame.
    if (this.#message.isPaused()) this.#timer?.refresh();
    else this.fail('response_timeout', 'the answer stopped half-way');
  }
}
