/** Writes the body of a request into the http.ClientRequest that http-proxy-3 made. */
import type { ClientRequest } from 'node:http';
import type { UpstreamRequest } from '../forwarder.ts';
import { forwardableTrailers } from '../../request/hop-by-hop.ts';
import { toPairs } from '../header-record.ts';
import type { BodySink } from '../../request/request-body.ts';

export class UpstreamBody implements BodySink {
  readonly #upstream: ClientRequest;
  readonly #request: UpstreamRequest;
  readonly #onProgress: () => void;

  /** @param onProgress called whenever the backend took something: a long upload is not a slow answer. */
  constructor(upstream: ClientRequest, request: UpstreamRequest, onProgress: () => void) {
    this.#upstream = upstream;
    this.#request = request;
    this.#onProgress = onProgress;
  }

  start(): void {
    if (this.#request.body.isEmpty) {
      this.#upstream.end();
      return;
    }
    this.#upstream.on('drain', () => {
      this.#onProgress();
      this.#request.body.resume();
    });
    this.#request.body.sendTo(this);
    // Node keeps the head for the first chunk: a backend that decides by the head alone would wait for it in vain.
    setImmediate(() => {
      if (!this.#upstream.destroyed) this.#upstream.flushHeaders();
    });
  }

  write(chunk: Buffer): boolean {
    this.#onProgress();
    return this.#upstream.destroyed || this.#upstream.write(chunk);
  }

  end(trailers: readonly string[]): void {
    this.#onProgress();
    if (this.#upstream.destroyed) return;
    const passed = forwardableTrailers(trailers);
    if (passed.length > 0 && this.#request.body.length === undefined)
      this.#upstream.addTrailers(toPairs(passed));
    this.#upstream.end();
  }
}
