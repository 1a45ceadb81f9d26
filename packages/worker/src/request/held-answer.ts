/** The part of an answer that came while its head had to wait: one read of the backend's at most, for it is asked to stop. */
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Detour } from './detour.ts';
import type { Exchange } from './exchange.ts';

export class HeldAnswer implements Detour {
  readonly isInVain = true;
  readonly #exchange: Exchange;
  readonly #resumeTry: () => void;
  readonly #pieces: Buffer[] = [];
  /** Of an answer that is complete; names and values in turn. */
  #trailers: readonly string[] | undefined;

  /** @param resumeTry lets the backend go on */
  constructor(exchange: Exchange, resumeTry: () => void) {
    this.#exchange = exchange;
    this.#resumeTry = resumeTry;
  }

  begun(): boolean {
    const { target } = this.#exchange;
    let mayGoOn = true;
    for (const piece of this.#pieces) mayGoOn = target.write(piece, 0, piece.length);
    if (this.#trailers !== undefined) {
      target.end(this.#trailers);
      return true;
    }
    target.flush();
    if (mayGoOn) this.#resumeTry();
    return true;
  }

  /** Takes a copy. */
  take(buffer: Buffer, start: number, end: number): boolean {
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
    return false;
  }

  flush(): void {
    // Nothing may go out yet.
  }

  end(trailers: readonly string[]): void {
    this.#trailers = trailers;
  }

  cut(code: FailureCode): void {
    this.#exchange.cut(code);
  }

  resume(): void {
    // The client waits for the head.
  }

  leave(): void {
    // Nothing of it is kept for anybody else.
  }
}
