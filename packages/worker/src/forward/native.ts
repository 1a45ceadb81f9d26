/**
 * The native engine: our own HTTP/1.1 client. One write per request, one reused read buffer, heads that stay text from end to
 * end, no stream machinery towards the backend.
 *
 *     NativeTry ── head, BodyWriter ──▶ BackendConnection ──▶ backend
 *         └◀── onHead, onBody, onComplete, onRead ◀── ResponseParser ◀──┘
 */
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Backend } from '../balancing/backend.ts';
import type { ChunkPool } from '../http1/chunk-pool.ts';
import type { HeadText } from '../http1/head-text.ts';
import type { PendingWrite, WriteBatch } from '../http1/write-batch.ts';
import { classifyError } from './classify-error.ts';
import type { Forwarder, Try, TryEvents, UpstreamRequest } from './forwarder.ts';
import type { BackendConnection, ConnectionUser } from './native/connection.ts';
import type { ConnectionPool } from './native/connection-pool.ts';
import { BodyWriter, requestHead } from './native/request-writer.ts';
import type { ResponseHead } from './native/response-parser.ts';

/** Forwards plain HTTP over connections of its own. */
export class NativeForwarder implements Forwarder {
  readonly #chunks: ChunkPool;
  readonly #writes: WriteBatch;

  constructor(chunks: ChunkPool, writes: WriteBatch) {
    this.#chunks = chunks;
    this.#writes = writes;
  }

  forward(request: UpstreamRequest, backend: Backend, events: TryEvents): Try {
    const attempt = new NativeTry({
      request,
      backend,
      events,
      chunks: this.#chunks,
      writes: this.#writes,
    });
    attempt.start();
    return attempt;
  }
}

/** What the try is waiting for: the head of an answer, the rest of it, the end of what nobody wants, or nothing any more. */
type Phase = 'waiting' | 'answering' | 'discarding' | 'over';

interface TrySetup {
  readonly request: UpstreamRequest;
  readonly backend: Backend;
  readonly events: TryEvents;
  readonly chunks: ChunkPool;
  readonly writes: WriteBatch;
}

class NativeTry implements Try, ConnectionUser, PendingWrite {
  connectMs: number | undefined;
  readonly #chunks: ChunkPool;
  readonly #writes: WriteBatch;
  readonly #request: UpstreamRequest;
  readonly #backend: Backend;
  readonly #events: TryEvents;
  /** Those of now: a reload may replace them, and what was opened by the old settings must not be used by the new. */
  readonly #connections: ConnectionPool;
  #phase: Phase = 'waiting';
  #connection: BackendConnection | undefined;
  #writer: BodyWriter | undefined;
  #head: ResponseHead | undefined;
  #trailers: readonly string[] | undefined;
  #isWritten = false;
  #isPaused = false;
  #hasAnswerBegun = false;
  /** Only while the try has to wait for a connection. */
  #queueTimer: NodeJS.Timeout | undefined;
  #withdraw: (() => void) | undefined;

  constructor({ request, backend, events, chunks, writes }: TrySetup) {
    this.#chunks = chunks;
    this.#writes = writes;
    this.#request = request;
    this.#backend = backend;
    this.#events = events;
    this.#connections = backend.connections;
  }

  start(): void {
    const connection = this.#connections.take();
    if (connection !== undefined) {
      this.#begin(connection);
      return;
    }
    this.#queueTimer = setTimeout(() => this.onDue(), this.#request.timeouts.response);
    this.#withdraw = this.#connections.wait((free) => {
      this.#withdraw = undefined;
      this.#begin(free);
    });
  }

  cancel(): void {
    if (this.#phase === 'over') return;
    this.#end();
    this.#connection?.destroy();
  }

  discard(): void {
    if (this.#phase !== 'answering' || !this.#isSent) {
      this.cancel();
      return;
    }
    this.#end();
    this.#phase = 'discarding';
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#phase !== 'answering') return;
    this.#connection?.due(this.#request.timeouts.idle);
    this.#connection?.resume();
  }

  onConnected(connectMs: number): void {
    this.connectMs = connectMs;
    this.#connection?.dueAt(this.#request.startedMs + this.#request.timeouts.response);
    this.#backend.metrics.connected(connectMs);
  }

  onInformation(status: number, lines: HeadText): void {
    if (this.#phase !== 'waiting' || this.#isUnasked()) return;
    if (status === 101) this.onMalformed('the backend switched protocols without being asked');
    else this.#events.onInformation(status, lines);
  }

  onHead(head: ResponseHead): void {
    if (this.#phase !== 'waiting' || this.#isUnasked()) return;
    this.#phase = 'answering';
    this.#head = head;
    this.#events.onAnswer(head, this.#readMs);
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    if (this.#phase !== 'answering') return;
    if (!this.#events.onBody(buffer, start, end)) this.#isPaused = true;
  }

  onComplete(trailers: readonly string[]): void {
    if (this.#phase !== 'over') this.#trailers = trailers;
  }

  /** Whole answers are ended here and not in onComplete: only now it is known that no excess bytes came behind them. */
  onRead(): boolean {
    if (this.#phase === 'discarding') {
      this.#phase = 'over';
      this.#leave(this.#trailers !== undefined);
      return this.#trailers !== undefined;
    }
    if (this.#trailers !== undefined) {
      this.#finish(this.#trailers, true);
      return true;
    }
    if (this.#phase === 'over') return false;
    if (this.#phase === 'answering') {
      this.#connection?.dueAt(this.#readMs + this.#request.timeouts.idle);
      this.#events.onFlush();
    }
    return !this.#isPaused;
  }

  onMalformed(reason: string): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'discarding') {
      this.cancel();
      return;
    }
    // The answer itself is whole; what came behind it costs the connection, not the answer.
    if (this.#trailers !== undefined) this.#finish(this.#trailers, false);
    else this.#fail('protocol_error', reason);
  }

  onLost(error: Error | undefined, hasAnswerBegun: boolean): void {
    if (this.#phase === 'over' || this.#phase === 'discarding') return;
    this.#hasAnswerBegun = hasAnswerBegun;
    const isConnected = this.connectMs !== undefined || this.#isReused;
    if (error === undefined && isConnected) {
      const detail = hasAnswerBegun ? 'in the middle of its answer' : 'without an answer';
      this.#fail('reset', `the backend closed the connection ${detail}`);
      return;
    }
    const cause = error ?? new Error('the connection was closed before it stood');
    const { code, detail, isLocal } = classifyError(cause, isConnected);
    this.#fail(code, detail, isLocal);
  }

  onDue(): void {
    const { connect, response } = this.#request.timeouts;
    if (this.#connection?.isConnecting === true && connect <= response) {
      this.#fail('connect_timeout', 'no connection in time');
    } else if (this.#phase === 'waiting') {
      this.#fail('response_timeout', 'no answer in time');
    } else if (!this.#isPaused) {
      // While the client is slow to take the answer, the backend is not to blame.
      this.#fail('response_timeout', 'the answer stopped half-way');
    }
  }

  get #readMs(): number {
    return this.#connection?.readMs ?? 0;
  }

  get #isReused(): boolean {
    return (this.#connection?.carried ?? 0) > 1;
  }

  #begin(connection: BackendConnection): void {
    if (this.#queueTimer !== undefined) clearTimeout(this.#queueTimer);
    this.#connection = connection;
    const { method, body, timeouts, startedMs } = this.#request;
    const { socket } = connection;
    connection.assign(this, method === 'HEAD');
    if (connection.isConnecting) connection.due(Math.min(timeouts.connect, timeouts.response));
    else connection.dueAt(startedMs + timeouts.response);
    if (body === undefined || body.isEmpty) {
      this.#writes.add(this);
      return;
    }
    // Together with what is at hand of the body, or comes in the same read, it is one packet.
    socket.cork();
    process.nextTick(() => socket.uncork());
    socket.write(requestHead(this.#request), 'latin1');
    this.#isWritten = true;
    this.#writer = new BodyWriter(socket, body, this.#chunks, () => this.#onProgress());
    this.#writer.start();
  }

  /** Writes a request without a body. */
  commit(): void {
    if (this.#phase === 'over') return;
    this.#isWritten = true;
    this.#connection?.socket.write(requestHead(this.#request), 'latin1');
  }

  /** What comes before the request was written is meant for nobody, or for who had the connection before (response queue poisoning). */
  #isUnasked(): boolean {
    if (!this.#isWritten) this.#fail('reset', 'the backend answered before it was asked');
    return !this.#isWritten;
  }

  /** A long upload is not a slow answer. */
  #onProgress(): void {
    const { response, idle } = this.#request.timeouts;
    this.#connection?.due(this.#phase === 'answering' ? idle : response);
  }

  /** The whole request is out. An answer may come before that: then the rest is not sent, the connection not used again. */
  get #isSent(): boolean {
    return this.#writer === undefined || this.#writer.isDone;
  }

  /** @param isClean nothing came behind the answer */
  #finish(trailers: readonly string[], isClean: boolean): void {
    const isSent = this.#isSent;
    this.#end();
    this.#leave(isClean && isSent);
    this.#events.onEnd(trailers, this.#readMs);
  }

  /** @param isFree the connection can carry another request, as far as this one is concerned */
  #leave(isFree: boolean): void {
    const connection = this.#connection;
    const head = this.#head;
    if (isFree && head?.keepAlive === true && connection?.socket.destroyed === false) {
      connection.release();
      this.#connections.giveBack(connection, head.keepAliveTimeoutMs);
    } else {
      connection?.destroy();
    }
  }

  #fail(code: FailureCode, detail: string, isLocal = false): void {
    if (this.#phase === 'over') return;
    const wasAnswering = this.#phase === 'answering';
    const reusedConnection = this.#isReused;
    this.#end();
    this.#connection?.destroy();
    if (wasAnswering) this.#events.onCut(code, detail);
    else {
      const hasAnswerBegun = this.#hasAnswerBegun;
      this.#events.onFailure({ code, detail, reusedConnection, hasAnswerBegun, isLocal });
    }
  }

  #end(): void {
    this.#phase = 'over';
    if (this.#queueTimer !== undefined) clearTimeout(this.#queueTimer);
    this.#withdraw?.();
    this.#writer?.stop();
    this.#request.body?.detach();
  }
}
