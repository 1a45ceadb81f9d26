/** A client that gets an answer while it comes into the cache. */
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Exchange } from '../request/exchange.ts';
import type { Fill } from './fill.ts';

export class FillReader {
  /** Up to where it has the body. */
  position = 0;
  readonly #fill: Fill;
  readonly #exchange: Exchange;
  #isBlocked = false;
  #isDone = false;

  constructor(fill: Fill, exchange: Exchange) {
    this.#fill = fill;
    this.#exchange = exchange;
  }

  /** Writes what is there, until the client wants to be left alone. */
  pump(): void {
    if (this.#isBlocked || this.#isDone) return;
    const { target } = this.#exchange;
    this.position = this.#fill.read(this.position, (bytes, start, end) => {
      this.#isBlocked = !target.write(bytes, start, end);
      return !this.#isBlocked;
    });
    const { trailers } = this.#fill;
    if (this.#isBlocked || trailers === undefined) return;
    this.#isDone = true;
    this.#fill.drop(this);
    target.end(trailers);
  }

  flush(): void {
    if (!this.#isDone) this.#exchange.target.flush();
  }

  /** The client takes more. */
  resume(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    this.pump();
    this.flush();
    this.#fill.onProgress();
  }

  /** The client is gone. */
  leave(): void {
    this.#isDone = true;
    this.#fill.drop(this);
  }

  /** What the client has must not look complete. */
  cut(code: FailureCode | undefined): void {
    this.#isDone = true;
    this.#fill.drop(this);
    this.#exchange.cut(code);
  }
}
