/** A body on its way to a client, of which a copy is kept. */
import type { BodyTarget } from '../compress/compressor.ts';

export class KeptBody implements BodyTarget {
  readonly #target: BodyTarget;
  readonly #onWhole: (pieces: readonly Buffer[]) => void;
  readonly #pieces: Buffer[] = [];

  /** @param onWhole gets the copy when the body is complete */
  constructor(target: BodyTarget, onWhole: (pieces: readonly Buffer[]) => void) {
    this.#target = target;
    this.#onWhole = onWhole;
  }

  write(buffer: Buffer, start: number, end: number): boolean {
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
    return this.#target.write(buffer, start, end);
  }

  flush(): void {
    this.#target.flush();
  }

  end(trailers: readonly string[]): void {
    this.#onWhole(this.#pieces);
    this.#target.end(trailers);
  }
}
