/**
 * One copy of a request, on its way to the mirrored pool: one try, whose answer nobody gets.
 *
 *     body of the request ── take*, finish ──▶ kept whole ──▶ pick, try ──▶ thrown away
 *                               └─ abandon: there is nothing whole to copy
 */
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { MirrorResult } from '@lb/shared/metrics/catalog';
import type { Backend } from '../../balancing/backend.ts';
import type { Pool } from '../../balancing/pool.ts';
import type { Failure, Try, TryEvents, UpstreamAnswer } from '../../forward/forwarder.ts';
import { recordFailure } from '../../forward/record-failure.ts';
import type { Exchange } from '../exchange.ts';
import { type BodyCopy, type BodySource, RequestBody } from '../request-body.ts';
import type { Route } from '../route.ts';
import type { Services } from '../services.ts';
import { upstreamRequest } from '../upstream-request.ts';

/** Everything of a copy is there already: no client to hold back. */
const NO_SOURCE: BodySource = {
  pause: () => undefined,
  resume: () => undefined,
  socket: { bytesRead: 0 },
};

export class MirrorCopy implements BodyCopy, TryEvents {
  readonly #services: Services;
  readonly #route: Route;
  readonly #pool: Pool;
  readonly #onEnd: (result: MirrorResult) => void;
  /** Until the copy is sent: a slow mirror must not keep what belongs to a client. */
  #exchange: Exchange | undefined;
  #body: RequestBody | undefined;
  #backend: Backend | undefined;
  #try: Try | undefined;
  #startedMs = 0;
  /** Of the answer that is coming. */
  #status = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** @param onEnd called once */
  constructor(exchange: Exchange, route: Route, pool: Pool, onEnd: (result: MirrorResult) => void) {
    this.#services = exchange.services;
    this.#exchange = exchange;
    this.#route = route;
    this.#pool = pool;
    this.#onEnd = onEnd;
  }

  /** Sends the copy as soon as the request is whole, and at the earliest behind the first try of the request itself. */
  begin(): void {
    const body = this.#exchange?.body;
    if (body === undefined) {
      process.nextTick(() => this.#send());
      return;
    }
    const maxBytes = this.#pool.config.retries.bufferBody;
    this.#body = new RequestBody(NO_SOURCE, body.length, this.#services.clock, () =>
      this.#end('too_large'),
    );
    this.#body.limit({ maxBytes, idleMs: 0, minBytesPerSecond: 0, bufferBytes: 0 });
    // A limit of 0 would be none.
    if (this.#body.isTooLarge || (maxBytes === 0 && !body.isEmpty)) this.#end('too_large');
    else body.copyTo(this);
  }

  take(buffer: Buffer, start: number, end: number): void {
    this.#body?.take(buffer, start, end);
  }

  finish(trailers: readonly string[]): void {
    this.#body?.finish(trailers);
    process.nextTick(() => this.#send());
  }

  abandon(): void {
    this.#end('incomplete');
  }

  onInformation(): void {
    // Nobody waits for it.
  }

  onAnswer({ status }: UpstreamAnswer, nowMs: number): void {
    this.#status = status;
    this.#backend?.answered(status, nowMs - this.#startedMs, nowMs);
    // A stream without an end would hold one of the few places for ever.
    this.#timer = setTimeout(() => {
      this.#try?.cancel();
      this.#end('answered');
    }, this.#pool.config.timeouts.response).unref();
  }

  onBody(): boolean {
    return true;
  }

  onFlush(): void {
    // Nothing is held back.
  }

  onEnd(): void {
    this.#backend?.completed(this.#status);
    this.#end('answered');
  }

  onCut(code: FailureCode): void {
    this.#backend?.cut(code, this.#status);
    this.#end('failed');
  }

  onFailure(failure: Failure): void {
    if (this.#backend !== undefined) recordFailure(this.#backend, failure, this.#services);
    this.#end('failed');
  }

  #send(): void {
    const exchange = this.#exchange;
    if (this.#isOver || exchange === undefined) return;
    this.#exchange = undefined;
    try {
      this.#try = this.#attempt(exchange);
    } catch (error) {
      // A bug of ours; here it would end the worker.
      this.#services.log.error({ err: error, requestId: exchange.id }, 'copy of a request failed');
      this.#end('failed');
    }
  }

  #attempt(exchange: Exchange): Try | undefined {
    const pool = this.#pool;
    const { clock, forwarders } = this.#services;
    const backend = pool.pick({ tried: [], hashKey: (source) => exchange.hashKey(source) });
    if (backend === undefined) {
      this.#end('no_backend');
      return undefined;
    }
    this.#startedMs = clock.monotonicMs();
    const request = upstreamRequest(
      { exchange, route: this.#route, pool },
      backend,
      this.#startedMs,
      'mirror',
    );
    this.#backend = backend;
    backend.begin();
    return forwarders[pool.config.engine].forward({ ...request, body: this.#body }, backend, this);
  }

  #end(result: MirrorResult): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#exchange = undefined;
    clearTimeout(this.#timer);
    this.#body?.stop();
    this.#backend?.end();
    this.#onEnd(result);
  }
}
