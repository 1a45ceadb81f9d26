/** The input being tried, where another thread can see it, and a count that shows whether it moves on. */
import { MAX_BYTES } from './mutate.ts';

const HEADER_BYTES = 8;

export class SharedInput {
  readonly #numbers: Int32Array;
  readonly #bytes: Uint8Array;

  /** @param memory from `allocate`, the same on both sides */
  constructor(memory: SharedArrayBuffer) {
    this.#numbers = new Int32Array(memory, 0, 2);
    this.#bytes = new Uint8Array(memory, HEADER_BYTES);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(HEADER_BYTES + MAX_BYTES);
  }

  /** @param bytes at most MAX_BYTES */
  begin(bytes: Buffer): void {
    this.#bytes.set(bytes);
    Atomics.store(this.#numbers, 1, bytes.length);
    Atomics.add(this.#numbers, 0, 1);
  }

  /** Changes with every input. */
  get count(): number {
    return Atomics.load(this.#numbers, 0);
  }

  get current(): Buffer {
    return Buffer.from(this.#bytes.slice(0, Atomics.load(this.#numbers, 1)));
  }
}
