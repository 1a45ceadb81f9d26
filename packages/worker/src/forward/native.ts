/**
 * The native engine: our own HTTP/1.1 client. One write per request, one reused read buffer, headers as raw arrays from end
 * to end, no stream machinery towards the backend.
 *
 *     NativeTry ── head, BodyWriter ──▶ BackendConnection ──▶ backend
 *         └◀── onHead, onBody, onComplete ◀── ResponseParser ◀──┘
 */
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Backend } from '../balancing/backend.ts';
import { classifyError } from './classify-error.ts';
import type {
  Forwarder,
  Outcome,
  ResponseSink,
  Try,
  UpstreamRequest,
  UpstreamResponse,
} from './forwarder.ts';
import type { BackendConnection, ConnectionUser } from './native/connection.ts';
import { BodyWriter, requestHead } from './native/request-writer.ts';
import type { ResponseHead } from './native/response-parser.ts';

/** Forwards plain HTTP over connections of its own. */
export class NativeForwarder implements Forwarder {
  forward(request: UpstreamRequest, backend: Backend): Try {
    const attempt = new NativeTry(request, backend);
    attempt.start();
    return attempt;
  }
}

/** What the answer is waiting for: the sink, more bytes, or nothing any more. */
type Phase = 'waiting' | 'answering' | 'over';

class NativeTry implements Try, ConnectionUser, UpstreamResponse {
  readonly outcome: Promise<Outcome>;
  connectMs: number | undefined;
  status = 0;
  statusMessage = '';
  headers: readonly string[] = [];
  readonly #request: UpstreamRequest;
  readonly #backend: Backend;
  #settle: (outcome: Outcome) => void = () => undefined;
  #phase: Phase = 'waiting';
  #connection: BackendConnection | undefined;
  #writer: BodyWriter | undefined;
  #head: ResponseHead | undefined;
  #sink: ResponseSink | undefined;
  /** Body that came before there was a sink; it comes with the head more often than not. */
  #early: Buffer[] | undefined;
  #trailers: readonly string[] | undefined;
  #failure: { readonly code: FailureCode; readonly detail: string } | undefined;
  #isPaused = false;
  #timer: NodeJS.Timeout | undefined;
  #connectTimer: NodeJS.Timeout | undefined;
  readonly #begin = (connection: BackendConnection): void => this.#onConnection(connection);

  constructor(request: UpstreamRequest, backend: Backend) {
    this.#request = request;
    this.#backend = backend;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  start(): void {
    const { timeouts } = this.#request;
    this.#timer = setTimeout(() => this.#onTimeout(), timeouts.responseMs);
    this.#backend.connections.take(this.#begin);
  }

  cancel(): void {
    if (this.#phase === 'over') return;
    this.#end();
    this.#connection?.destroy();
    this.#settle({ kind: 'cancelled' });
  }

  relay(sink: ResponseSink): void {
    this.#sink = sink;
    const early = this.#early ?? [];
    this.#early = undefined;
    if (this.#trailers !== undefined) {
      const last = early.pop();
      for (const chunk of early) sink.data(chunk);
      sink.end(this.#trailers, last);
      return;
    }
    for (const chunk of early) this.#isPaused = !sink.data(chunk) || this.#isPaused;
    if (this.#failure !== undefined) {
      sink.fail(this.#failure.code, this.#failure.detail);
      return;
    }
    if (!this.#isPaused) this.#connection?.resume();
  }

  resume(): void {
    this.#isPaused = false;
    this.#timer?.refresh();
    if (this.#phase === 'answering') this.#connection?.resume();
  }

  onConnected(connectMs: number): void {
    clearTimeout(this.#connectTimer);
    this.connectMs = connectMs;
    this.#backend.metrics.connected(connectMs);
  }

  onInformation(status: number, headers: string[]): void {
    if (status === 101) this.onMalformed('the backend switched protocols without being asked');
    else this.#request.onInformation(status, headers);
  }

  onHead(head: ResponseHead): void {
    if (this.#phase !== 'waiting') return;
    this.#phase = 'answering';
    this.#head = head;
    this.status = head.status;
    this.statusMessage = head.statusMessage;
    this.headers = head.headers;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onTimeout(), this.#request.timeouts.idleMs);
    this.#settle({ kind: 'response', response: this });
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    if (this.#phase !== 'answering') return;
    this.#timer?.refresh();
    // A copy: the buffer is every connection's, and the client may take its time.
    const chunk = Buffer.from(buffer.subarray(start, end));
    if (this.#sink === undefined) (this.#early ??= []).push(chunk);
    else if (!this.#sink.data(chunk)) this.#isPaused = true;
  }

  onComplete(trailers: string[]): void {
    if (this.#phase === 'answering') this.#trailers = trailers;
  }

  /** Whole answers are handed over here and not in onComplete: only now it is known that no excess bytes came behind them. */
  onRead(): boolean {
    if (this.#trailers !== undefined) {
      this.#finish(this.#trailers, true);
      return true;
    }
    if (this.#phase === 'over') return false;
    const mustWait = this.#isPaused || (this.#early !== undefined && this.#sink === undefined);
    return !mustWait;
  }

  onMalformed(reason: string): void {
    if (this.#phase === 'over') return;
    // The answer itself is whole; what came behind it costs the connection, not the answer.
    if (this.#trailers !== undefined) this.#finish(this.#trailers, false);
    else this.#fail('protocol_error', reason);
  }

  onLost(error: Error | undefined, hasAnswerBegun: boolean): void {
    if (this.#phase === 'over') return;
    const isConnected = this.connectMs !== undefined || this.#isReused;
    if (error === undefined && isConnected) {
      const detail = hasAnswerBegun ? 'in the middle of its answer' : 'without an answer';
      this.#fail('reset', `the backend closed the connection ${detail}`);
      return;
    }
    const cause = error ?? new Error('the connection was closed before it stood');
    const { code, isLocal } = classifyError(cause, isConnected);
    this.#fail(code, cause.message, isLocal);
  }

  get #isReused(): boolean {
    return (this.#connection?.carried ?? 0) > 1;
  }

  #onConnection(connection: BackendConnection): void {
    this.#connection = connection;
    const { method, body, timeouts } = this.#request;
    const { socket } = connection;
    connection.assign(this, method === 'HEAD');
    if (socket.connecting) {
      this.#connectTimer = setTimeout(
        () => this.#fail('connect_timeout', 'no connection in time'),
        timeouts.connectMs,
      );
    }
    // Together with what is at hand of the body it is one packet.
    if (!body.isEmpty) socket.cork();
    socket.write(requestHead(this.#request), 'latin1');
    if (body.isEmpty) return;
    this.#writer = new BodyWriter(socket, this.#request, () => this.#timer?.refresh());
    this.#writer.start();
    socket.uncork();
  }

  /** @param isClean nothing came behind the answer */
  #finish(trailers: readonly string[], isClean: boolean): void {
    const connection = this.#connection;
    const isSent = this.#writer === undefined || this.#writer.isDone;
    this.#end();
    // An answer that came before the whole request was sent: the rest is not sent, the connection not used again.
    if (
      isClean &&
      isSent &&
      this.#head?.keepAlive === true &&
      connection?.socket.destroyed === false
    ) {
      connection.release();
      this.#backend.connections.giveBack(connection, this.#head.keepAliveTimeoutMs);
    } else {
      connection?.destroy();
    }
    this.#sink?.end(trailers);
  }

  #onTimeout(): void {
    // While the client is slow to take the answer, the backend is not to blame.
    if (this.#isPaused || (this.#phase === 'answering' && this.#sink === undefined)) {
      this.#timer?.refresh();
      return;
    }
    const isAnswering = this.#phase === 'answering';
    this.#fail(
      'response_timeout',
      isAnswering ? 'the answer stopped half-way' : 'no answer in time',
    );
  }

  #fail(code: FailureCode, detail: string, isLocal = false): void {
    if (this.#phase === 'over') return;
    const wasAnswering = this.#phase === 'answering';
    const reusedConnection = this.#isReused;
    this.#end();
    this.#connection?.destroy();
    if (!wasAnswering) {
      this.#settle({ kind: 'failure', code, detail, reusedConnection, isLocal });
    } else if (this.#sink === undefined) {
      this.#failure = { code, detail };
    } else {
      this.#sink.fail(code, detail);
    }
  }

  #end(): void {
    this.#phase = 'over';
    clearTimeout(this.#timer);
    clearTimeout(this.#connectTimer);
    this.#backend.connections.withdraw(this.#begin);
    this.#writer?.stop();
    this.#request.body.detach();
  }
}
