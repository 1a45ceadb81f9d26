/**
 * The memory for the bodies in the caches of a worker. Left to V8 and malloc, a body that was evicted keeps its memory until the
 * next collection of old objects, and what is freed lies between what is not (docs/decisions/0016). What is given back here is
 * used again at once.
 *
 *     segment, 1 MiB   | page | page | page | ...
 *     page, 8 KiB      whole, or cut into blocks of one size
 *
 * A body is whole pages and one block for the rest. Any page will do for any body, so none is lost between others.
 */
export const PAGE_BYTES = 8 * 1024;

/** Memory of one body. */
export interface Block {
  /** Of the segment. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly size: number;
  readonly page: Page;
}

const PAGES_PER_SEGMENT = 128;

/** Segments that nobody uses, kept for the bodies to come; others go back to the system. */
const MOST_SPARE = 4;

/** Into how many blocks a page is cut; as many as a number has bits, so that these say which are free. */
const CUTS = [32, 24, 16, 12, 8, 6, 4, 3, 2];

export class BodyStore {
  readonly #free: Page[] = [];
  /** Pages with a free block, by their cut. */
  readonly #cut: ReadonlyMap<number, Page[]> = new Map(CUTS.map((cut) => [cut, []]));
  #segments = 0;
  #spare = 0;

  /** What it has of the system, in bytes; touched or not. */
  get reservedBytes(): number {
    return this.#segments * PAGES_PER_SEGMENT * PAGE_BYTES;
  }

  /** Pages of which something is in use, in bytes. */
  get usedBytes(): number {
    return this.reservedBytes - this.#free.length * PAGE_BYTES;
  }

  /** A block of at least so many bytes, and at most a page. What is in it is left over from others. */
  take(bytes: number): Block {
    const cut = CUTS.find((count) => blockBytesOf(count) >= bytes);
    if (cut === undefined) return this.#takePage().whole;
    const pages = this.#cut.get(cut) ?? [];
    let page = pages.at(-1);
    if (page === undefined) {
      page = this.#takePage();
      page.cut(cut);
      page.place = pages.push(page) - 1;
    }
    const block = page.take();
    if (page.isFull) this.#unlist(page, pages);
    return block;
  }

  /** Its bytes are others' from now on. */
  give(block: Block): void {
    const { page } = block;
    if (block === page.whole) {
      this.#givePage(page);
      return;
    }
    const pages = this.#cut.get(page.blocks) ?? [];
    if (page.isFull) page.place = pages.push(page) - 1;
    page.give(block);
    if (!page.isUnused) return;
    this.#unlist(page, pages);
    this.#givePage(page);
  }

  #takePage(): Page {
    const page = this.#free.pop() ?? this.#grow();
    if (page.segment.pagesInUse++ === 0) this.#spare--;
    return page;
  }

  #givePage(page: Page): void {
    const { segment } = page;
    this.#free.push(page);
    if (--segment.pagesInUse > 0) return;
    this.#spare++;
    if (this.#spare > MOST_SPARE) this.#drop(segment);
  }

  #grow(): Page {
    const segment = new Segment(PAGES_PER_SEGMENT);
    this.#segments++;
    this.#spare++;
    // The last is taken first: a body gets pages in a row, and goes out in one piece.
    const [first, ...others] = segment.pages;
    if (first === undefined) throw new Error('a segment without pages');
    this.#free.push(...others.toReversed());
    return first;
  }

  #drop(segment: Segment): void {
    this.#segments--;
    this.#spare--;
    let kept = 0;
    for (const page of this.#free) if (page.segment !== segment) this.#free[kept++] = page;
    this.#free.length = kept;
  }

  #unlist(page: Page, pages: Page[]): void {
    const last = pages.pop();
    if (last === undefined || last === page) return;
    pages[page.place] = last;
    last.place = page.place;
  }
}

class Segment {
  /** A buffer of its own, not a part of a pool of Node's. The system gives its memory when it is written to. */
  readonly bytes: Buffer;
  readonly pages: readonly Page[];
  pagesInUse = 0;

  constructor(pages: number) {
    this.bytes = Buffer.allocUnsafeSlow(pages * PAGE_BYTES);
    this.pages = Array.from({ length: pages }, (_, place) => new Page(this, place * PAGE_BYTES));
  }
}

class Page {
  readonly segment: Segment;
  /** All of it as one block. */
  readonly whole: Block;
  /** Its place in the list of those with a free block. */
  place = 0;
  /** Into how many it is cut. */
  blocks = 1;
  /** A bit for each block. */
  #free = 0;
  readonly #start: number;

  constructor(segment: Segment, start: number) {
    this.segment = segment;
    this.#start = start;
    this.whole = { bytes: segment.bytes, start, size: PAGE_BYTES, page: this };
  }

  get isFull(): boolean {
    return this.#free === 0;
  }

  get isUnused(): boolean {
    return this.#free === allOf(this.blocks);
  }

  cut(blocks: number): void {
    this.blocks = blocks;
    this.#free = allOf(blocks);
  }

  /** Not when it is full. */
  take(): Block {
    const place = Math.clz32(this.#free);
    this.#free ^= bitOf(place);
    const size = blockBytesOf(this.blocks);
    return { bytes: this.segment.bytes, start: this.#start + place * size, size, page: this };
  }

  /** @throws Error for one that is free: two bodies would have the same bytes */
  give({ start, size }: Block): void {
    const bit = bitOf((start - this.#start) / size);
    if ((this.#free & bit) !== 0) throw new Error('a block was given back twice');
    this.#free |= bit;
  }
}

function blockBytesOf(blocks: number): number {
  return Math.floor(PAGE_BYTES / blocks);
}

/** The first block has the highest bit. */
function bitOf(place: number): number {
  return (0x8000_0000 >>> place) | 0;
}

function allOf(blocks: number): number {
  return ~0 << (32 - blocks);
}
