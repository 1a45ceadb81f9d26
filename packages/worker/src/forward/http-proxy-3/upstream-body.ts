/** Writes the body of a request into the http.ClientRequest that http-proxy-3 made. */
import type { ClientRequest } from 'node:http';
import { forwardableTrailers } from '../../request/hop-by-hop.ts';
import { toPairs } from '../header-record.ts';
import type { BodySink, RequestBody } from '../../request/request-body.ts';

export class UpstreamBody implements BodySink {
  readonly #upstream: ClientRequest;
  readonly #body: RequestBody | undefined;
  readonly #onProgress: () => void;

  /** @param onProgress called whenever the backend took something: a long upload is not a slow answer. */
  constructor(upstream: ClientRequest, body: RequestBody | undefined, onProgress: () => void) {
    this.#upstream = upstream;
    this.#body = body;
    this.#onProgress = onProgress;
  }

  start(): void {
    const body = this.#body;
    if (body === undefined || body.isEmpty) {
      this.#upstream.end();
      return;
    }
    this.#upstream.on('drain', () => {
      this.#onProgress();
      body.resume();
    });
    body.sendTo(this);
    // Node keeps the head for the first chunk: a backend that decides by the head alone would wait for it in vain.
    setImmediate(() => {
      if (!this.#upstream.destroyed) this.#upstream.flushHeaders();
    });
  }

  write(buffer: Buffer, start: number, end: number): boolean {
    this.#onProgress();
    return (
      this.#upstream.destroyed || this.#upstream.write(Buffer.from(buffer.subarray(start, end)))
    );
  }

  end(trailers: readonly string[]): void {
    this.#onProgress();
    if (this.#upstream.destroyed) return;
    const passed = forwardableTrailers(trailers);
    if (passed.length > 0 && this.#body?.length === undefined)
      this.#upstream.addTrailers(toPairs(passed));
    this.#upstream.end();
  }
}
