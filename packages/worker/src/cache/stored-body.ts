/**
 * A body in the memory of a cache. It grows while it comes, and is read by many then and later. Whoever uses it beyond the call that
 * it got it in holds it; when nobody does any more, its memory is for others.
 *
 * No wrong bytes: what is read of it goes out as a copy, within the call, or by `views`, which whoever takes them must hold it for;
 * one that is gone has no memory any more, and reading it is an error.
 */
import { type Block, type BodyStore, PAGE_BYTES } from './body-store.ts';

/** Pages in a row are given out together, up to so much. */
const PIECE_BYTES = 64 * 1024;

/** Takes a piece, valid only during the call. Returns false to be given no more. */
export type TakePiece = (bytes: Buffer, start: number, end: number) => boolean;

export class StoredBody {
  readonly #store: BodyStore;
  readonly #length: number | undefined;
  /** Whole pages, but for the last. */
  readonly #blocks: Block[] = [];
  /** Pages in front that were forgotten. */
  #forgotten = 0;
  #size = 0;
  #holders = 1;

  /** It is held by who makes it. @param length undefined when it is not known before the end */
  constructor(store: BodyStore, length?: number) {
    this.#store = store;
    this.#length = length;
  }

  /** A body that is whole. */
  static of(store: BodyStore, pieces: readonly Buffer[]): StoredBody {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const body = new StoredBody(store, length);
    for (const piece of pieces) body.append(piece, 0, piece.length);
    return body;
  }

  /** Bytes that came so far. */
  get size(): number {
    return this.#size;
  }

  /** What it takes of the store. */
  get storedBytes(): number {
    const last = this.#blocks.at(-1);
    return last === undefined ? 0 : (this.#blocks.length - 1) * PAGE_BYTES + last.size;
  }

  /** Its memory is for others. */
  get isGone(): boolean {
    return this.#holders === 0;
  }

  hold(): void {
    this.#mustBeThere();
    this.#holders++;
  }

  release(): void {
    this.#mustBeThere();
    this.#holders--;
    if (this.#holders > 0) return;
    // The first page is the one that is taken next.
    for (let block = this.#blocks.pop(); block !== undefined; block = this.#blocks.pop())
      this.#store.give(block);
  }

  /** Takes a copy. */
  append(bytes: Buffer, start: number, end: number): void {
    this.#mustBeThere();
    for (let from = start; from < end;) {
      const { bytes: memory, start: blockStart, size } = this.#blockWithRoom();
      const used = this.#usedOfLast;
      const taken = Math.min(end - from, size - used);
      bytes.copy(memory, blockStart + used, from, from + taken);
      this.#size += taken;
      from += taken;
    }
  }

  /** Nothing more comes: gives back what the last block has too much. Only where nobody has `views`. */
  end(): void {
    const last = this.#blocks.at(-1);
    if (last !== undefined && this.#usedOfLast <= last.size / 2) this.#moveLast(this.#usedOfLast);
  }

  /** Gives out what lies between two places. @returns up to where it was taken */
  read(from: number, to: number, take: TakePiece): number {
    this.#mustBeThere();
    // Most bodies are small: one block, and no places to work out.
    if (to <= PAGE_BYTES && from < to) {
      const { bytes, start } = this.#blockOf(0);
      take(bytes, start + from, start + to);
      return to;
    }
    for (let at = from; at < to;) {
      let page = Math.floor(at / PAGE_BYTES);
      const { bytes, start } = this.#blockOf(page);
      while (this.#isFollowed(page) && (page + 1) * PAGE_BYTES < Math.min(to, at + PIECE_BYTES))
        page++;
      const end = Math.min(to, (page + 1) * PAGE_BYTES);
      const first = start + (at % PAGE_BYTES);
      const mayGoOn = take(bytes, first, first + end - at);
      at = end;
      if (!mayGoOn) return at;
    }
    return to;
  }

  /** What lies between two places, without a copy. The caller holds the body as long as somebody reads them. */
  views(from: number, to: number): Buffer[] {
    const views: Buffer[] = [];
    this.read(from, to, (bytes, start, end) => views.push(bytes.subarray(start, end)) > 0);
    return views;
  }

  /** A copy of what lies between two places. */
  copy(from = 0, to = this.#size): Buffer {
    return Buffer.concat(this.views(from, to), to - from);
  }

  /** Gives pages back that nobody will read: all before this place. Only where nobody has `views`. */
  forget(before: number): void {
    const count = Math.min(Math.floor(before / PAGE_BYTES) - this.#forgotten, this.#blocks.length);
    if (count <= 0) return;
    for (const block of this.#blocks.splice(0, count)) this.#store.give(block);
    this.#forgotten += count;
  }

  #mustBeThere(): void {
    if (this.#holders === 0) throw new Error('this body is gone');
  }

  get #usedOfLast(): number {
    return this.#size - (this.#forgotten + this.#blocks.length - 1) * PAGE_BYTES;
  }

  #blockWithRoom(): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && this.#usedOfLast < last.size) return last;
    // More than was said came.
    if (last !== undefined && last.size < PAGE_BYTES) return this.#moveLast(PAGE_BYTES);
    const left = this.#length === undefined ? PAGE_BYTES : this.#length - this.#size;
    const block = this.#store.take(left > 0 ? Math.min(left, PAGE_BYTES) : PAGE_BYTES);
    this.#blocks.push(block);
    return block;
  }

  /** Into a block of at least so many bytes. */
  #moveLast(bytes: number): Block {
    const used = this.#usedOfLast;
    const last = this.#blocks.pop();
    if (last === undefined) throw new Error('an empty body has no block');
    const block = this.#store.take(bytes);
    last.bytes.copy(block.bytes, block.start, last.start, last.start + used);
    this.#store.give(last);
    this.#blocks.push(block);
    return block;
  }

  #blockOf(page: number): Block {
    const block = this.#blocks[page - this.#forgotten];
    if (block === undefined) throw new Error('this part of the body is not there');
    return block;
  }

  /** The next page lies behind this one. */
  #isFollowed(page: number): boolean {
    const block = this.#blocks[page - this.#forgotten];
    const next = this.#blocks[page - this.#forgotten + 1];
    return (
      next !== undefined && block?.bytes === next.bytes && block.start + PAGE_BYTES === next.start
    );
  }
}
