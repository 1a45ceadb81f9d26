/**
 * A large stored body on its way to a client: in pieces, each when the one before is out. Written at once it would be one write
 * for the kernel, and a slow client that takes it could not be told from one that takes nothing.
 *
 * The body is held until the last piece is asked for, and each piece until the kernel has it: what is evicted meanwhile still goes
 * out as it was.
 */
import type { BodyTarget } from '../compress/compressor.ts';
import type { Carrier } from '../request/exchange.ts';
import type { StoredBody } from './stored-body.ts';

/** The largest piece. */
const PIECE_BYTES = 128 * 1024;

/** The exchange, as far as it matters here. */
export interface BodyReader {
  carrier: Carrier | undefined;
  /** Where the body goes; the response, where nothing compresses it. */
  readonly target: BodyTarget;
  readonly compressor: BodyTarget | undefined;
  readonly response: {
    writeKept(pieces: readonly Buffer[], onTaken: () => void): boolean;
  };
}

export class BodyPieces implements Carrier {
  readonly #exchange: BodyReader;
  readonly #body: StoredBody;
  readonly #end: number;
  #at: number;
  #isOver = false;

  /** Sends what is between the two places; the head of the answer has begun. */
  constructor(exchange: BodyReader, body: StoredBody, start: number, end: number) {
    this.#exchange = exchange;
    this.#body = body;
    this.#at = start;
    this.#end = end;
    body.hold();
    exchange.carrier = this;
  }

  resume(): void {
    while (!this.#isOver) {
      const mayGoOn = this.#writePiece();
      if (this.#at === this.#end) {
        this.cancel();
        this.#exchange.target.end([]);
      } else if (!mayGoOn) return;
    }
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#body.release();
  }

  #writePiece(): boolean {
    const { response, compressor } = this.#exchange;
    const body = this.#body;
    const end = Math.min(this.#end, this.#at + PIECE_BYTES);
    const start = this.#at;
    this.#at = end;
    if (compressor !== undefined) {
      let mayGoOn = true;
      body.read(start, end, (bytes, from, to) => {
        mayGoOn = compressor.write(bytes, from, to);
        return true;
      });
      return mayGoOn;
    }
    body.hold();
    return response.writeKept(body.views(start, end), () => body.release());
  }
}
