/** The part of an answer that came while its head had to wait: one read of the backend's at most, for it is asked to stop. */
import type { BodyTarget } from '../compress/compressor.ts';

export class HeldAnswer {
  readonly #pieces: Buffer[] = [];
  /** Of an answer that is complete; names and values in turn. */
  trailers: readonly string[] | undefined;

  /** Takes a copy of a piece of the body. */
  take(buffer: Buffer, start: number, end: number): void {
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
  }

  /** Hands over what came. @returns false when the client wants to be left alone */
  passTo(target: BodyTarget): boolean {
    let mayGoOn = true;
    for (const piece of this.#pieces) mayGoOn = target.write(piece, 0, piece.length);
    return mayGoOn;
  }
}
