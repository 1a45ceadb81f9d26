/**
 * A large stored body on its way to a client: in pieces, each when the one before is out. Written at once it would be one write
 * for the kernel, and a slow client that takes it could not be told from one that takes nothing.
 */
import type { Carrier, Exchange } from '../request/exchange.ts';

/** The largest piece. */
export const PIECE_BYTES = 128 * 1024;

export class BodyPieces implements Carrier {
  readonly #exchange: Exchange;
  readonly #body: Buffer;
  readonly #end: number;
  #at: number;

  /** Sends what is between the two places; the head of the answer has begun. */
  constructor(exchange: Exchange, body: Buffer, start: number, end: number) {
    this.#exchange = exchange;
    this.#body = body;
    this.#at = start;
    this.#end = end;
    exchange.carrier = this;
  }

  resume(): void {
    const { target } = this.#exchange;
    while (this.#at < this.#end) {
      const end = Math.min(this.#end, this.#at + PIECE_BYTES);
      const mayGoOn = target.writeKept(this.#body, this.#at, end);
      this.#at = end;
      if (this.#at === this.#end) target.end([]);
      else if (!mayGoOn) return;
    }
  }

  cancel(): void {
    this.#at = this.#end;
  }
}
