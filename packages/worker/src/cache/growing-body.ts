/** A body while it comes: read by several at their own pace, and in the end one piece. */

import { PIECE_BYTES } from './body-pieces.ts';

/** The first block of a body whose size nobody said; each further one is as large as all before it. */
const FIRST_BLOCK_BYTES = 16 * 1024;
const LARGEST_BLOCK_BYTES = 256 * 1024;

interface Block {
  /** Never changed where it has been written. */
  readonly bytes: Buffer;
  /** Place of its first byte in the body. */
  readonly start: number;
  used: number;
}

/** Takes a piece that nobody will change. Returns false to be given no more. */
export type TakePiece = (bytes: Buffer, start: number, end: number) => boolean;

export class GrowingBody {
  readonly #blocks: Block[] = [];
  #size = 0;

  /** @param length undefined when it is not known before the end */
  constructor(length: number | undefined) {
    if (length !== undefined && length > 0) this.#addBlock(length);
  }

  /** Bytes that came so far. */
  get size(): number {
    return this.#size;
  }

  /** Takes a copy. */
  append(bytes: Buffer, start: number, end: number): void {
    for (let from = start; from < end;) {
      const block = this.#blockWithRoom();
      const taken = Math.min(end - from, block.bytes.length - block.used);
      bytes.copy(block.bytes, block.used, from, from + taken);
      block.used += taken;
      this.#size += taken;
      from += taken;
    }
  }

  /** Gives out what is there from a place on. @returns up to where it was taken */
  read(from: number, take: TakePiece): number {
    let at = from;
    for (const { bytes, start, used } of this.#blocks) {
      if (start + used <= at) continue;
      while (at < start + used) {
        const end = Math.min(start + used, at + PIECE_BYTES);
        const mayGoOn = take(bytes, at - start, end - start);
        at = end;
        if (!mayGoOn) return at;
      }
    }
    return at;
  }

  /** Lets blocks go that nobody will read: all before this place. */
  forget(before: number): void {
    let count = 0;
    for (const { start, bytes } of this.#blocks) {
      if (start + bytes.length > before) break;
      count++;
    }
    if (count > 0) this.#blocks.splice(0, count);
  }

  /** All of it, in memory of its own. Not after `forget`. */
  toBuffer(): Buffer {
    const [first] = this.#blocks;
    if (first === undefined) return EMPTY;
    if (this.#blocks.length === 1 && first.used === first.bytes.length) return first.bytes;
    // Buffer.concat may take a part of a pool that other buffers share.
    const whole = Buffer.allocUnsafeSlow(this.#size);
    for (const { bytes, start, used } of this.#blocks) bytes.copy(whole, start, 0, used);
    return whole;
  }

  #blockWithRoom(): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.used < last.bytes.length) return last;
    return this.#addBlock(Math.min(LARGEST_BLOCK_BYTES, Math.max(FIRST_BLOCK_BYTES, this.#size)));
  }

  #addBlock(bytes: number): Block {
    const block = { bytes: Buffer.allocUnsafeSlow(bytes), start: this.#size, used: 0 };
    this.#blocks.push(block);
    return block;
  }
}

const EMPTY = Buffer.alloc(0);
