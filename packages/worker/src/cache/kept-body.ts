/** A body on its way to a client, of which a copy is kept. */
import type { BodyTarget } from '../compress/compressor.ts';

export class KeptBody implements BodyTarget {
  readonly #target: BodyTarget;
  readonly #onWhole: (bytes: Buffer) => void;
  readonly #pieces: Buffer[] = [];
  #size = 0;

  /** @param onWhole gets the copy when the body is complete: memory of its own, not a part of a pool of Node's */
  constructor(target: BodyTarget, onWhole: (bytes: Buffer) => void) {
    this.#target = target;
    this.#onWhole = onWhole;
  }

  write(buffer: Buffer, start: number, end: number): boolean {
    this.#keep(Buffer.from(buffer.subarray(start, end)));
    return this.#target.write(buffer, start, end);
  }

  writeKept(bytes: Buffer, start: number, end: number): boolean {
    this.#keep(bytes.subarray(start, end));
    return this.#target.writeKept(bytes, start, end);
  }

  flush(): void {
    this.#target.flush();
  }

  end(trailers: readonly string[]): void {
    const whole = Buffer.allocUnsafeSlow(this.#size);
    let at = 0;
    for (const piece of this.#pieces) at += piece.copy(whole, at);
    this.#onWhole(whole);
    this.#target.end(trailers);
  }

  #keep(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#size += piece.length;
  }
}
