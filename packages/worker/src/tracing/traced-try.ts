/** A try whose span is told what comes of it: it stands between the engine and whoever made the try. */
import type { Socket } from 'node:net';
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Failure, Try, TryEvents, UpstreamAnswer } from '../forward/forwarder.ts';
import type { TunnelEvents } from '../forward/tunnel.ts';
import type { HeadText } from '../http1/head-text.ts';
import type { ClientStream } from '../server/http1/client-stream.ts';
import type { TrySpan } from './try-span.ts';

export class TracedTry implements Try, TryEvents {
  /** The engine's; set before anything comes of it. */
  attempt: Try | undefined;
  protected readonly span: TrySpan;
  readonly #events: TryEvents;

  constructor(span: TrySpan, events: TryEvents) {
    this.span = span;
    this.#events = events;
  }

  get connectMs(): number | undefined {
    return this.attempt?.connectMs;
  }

  resume(): void {
    this.attempt?.resume();
  }

  discard(): void {
    this.span.end();
    this.attempt?.discard();
  }

  cancel(): void {
    this.span.cancel();
    this.attempt?.cancel();
  }

  onInformation(status: number, lines: HeadText): void {
    this.#events.onInformation(status, lines);
  }

  onAnswer(answer: UpstreamAnswer, nowMs: number): void {
    this.span.answered(answer.status, nowMs);
    this.#events.onAnswer(answer, nowMs);
  }

  onBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#events.onBody(buffer, start, end);
  }

  onFlush(): void {
    this.#events.onFlush();
  }

  // The request may be over within these: its spans are over before.

  onEnd(trailers: readonly string[], nowMs: number): void {
    this.span.end();
    this.#events.onEnd(trailers, nowMs);
  }

  onCut(code: FailureCode, detail: string): void {
    this.span.fail(code);
    this.#events.onCut(code, detail);
  }

  onFailure(failure: Failure): void {
    this.span.fail(failure.code);
    this.#events.onFailure(failure);
  }
}

/** A try to open a tunnel. Its span ends with the tunnel. */
export class TracedTunnelTry extends TracedTry implements TunnelEvents {
  readonly #events: TunnelEvents;
  readonly #client: ClientStream;
  #isOpen = false;

  constructor(span: TrySpan, events: TunnelEvents, client: ClientStream) {
    super(span, events);
    this.#events = events;
    this.#client = client;
  }

  override cancel(): void {
    if (this.#isOpen) this.span.end();
    super.cancel();
  }

  onTunnel(lines: HeadText, start: (answerLines: string) => Socket): void {
    this.#isOpen = true;
    this.span.answered(SWITCHING_PROTOCOLS, this.span.nowMs());
    this.#client.once('close', () => this.span.end());
    this.#events.onTunnel(lines, start);
  }
}

const SWITCHING_PROTOCOLS = 101;
