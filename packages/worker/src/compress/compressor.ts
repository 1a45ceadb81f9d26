/**
 * Compresses one body on its way. A small one that comes at once is done in one call; of any other, piece by piece, by Node's
 * threads.
 *
 *     write* ──▶ kept ──┬── end ─────────────────────▶ one call ──▶ target
 *                       └── too much, or a pause ──▶ stream ──────▶ target
 */
import type { Codec, CodecStream } from './codec.ts';
import { codedTrailers } from './coded-fields.ts';

/** Takes a body. */
export interface BodyTarget {
  /** A piece, valid only during the call. Returns false to be left alone for a while. */
  write(buffer: Buffer, start: number, end: number): boolean;
  /** That was all for now: what was held back should go. */
  flush(): void;
  /** The body is complete. Names and values of trailers in turn. */
  end(trailers: readonly string[]): void;
}

/** Whom a compressor works for. */
export interface CompressorSetup {
  readonly codec: Codec;
  readonly target: BodyTarget;
  /** How long a piece may be held back, so that those behind it are compressed with it; 0: not at all. */
  readonly holdMs: number;
  /** After `write` returned false: more is taken. */
  readonly onDrain: () => void;
  /** zlib failed: what the target has must not look complete. */
  readonly onFailure: (error: Error) => void;
  /** Called once, when nothing more comes of it. */
  readonly onOver: (bytes: CompressedBytes) => void;
}

/** How much went in, and what came of it. */
export interface CompressedBytes {
  readonly taken: number;
  readonly given: number;
}

export class Compressor implements BodyTarget {
  readonly #setup: CompressorSetup;
  #kept: Buffer[] = [];
  #taken = 0;
  #given = 0;
  #stream: CodecStream | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The stream was given something since its last flush. */
  #isBehind = false;
  #isEnding = false;
  #isOver = false;

  constructor(setup: CompressorSetup) {
    this.#setup = setup;
  }

  write(buffer: Buffer, start: number, end: number): boolean {
    if (this.#isOver) return true;
    const piece = Buffer.from(buffer.subarray(start, end));
    this.#taken += piece.length;
    if (this.#stream !== undefined) return this.#feed(this.#stream, piece);
    this.#kept.push(piece);
    return this.#taken <= this.#setup.codec.oneCallBytes || this.#feedKept();
  }

  /** A body that keeps coming is flushed now and then; each flush costs some of the ratio. */
  flush(): void {
    const { holdMs } = this.#setup;
    if (this.#isOver || this.#isEnding) return;
    if (holdMs === 0) this.#flushNow();
    else this.#timer ??= setTimeout(() => this.#flushNow(), holdMs);
  }

  end(trailers: readonly string[]): void {
    if (this.#isOver) return;
    clearTimeout(this.#timer);
    this.#isEnding = true;
    if (this.#stream === undefined) {
      this.#give(this.#setup.codec.encode(Buffer.concat(this.#kept)));
      this.#complete(trailers);
      return;
    }
    this.#stream.once('end', () => {
      if (!this.#isOver) this.#complete(trailers);
    });
    this.#stream.end();
  }

  /** The target takes more. */
  resume(): void {
    this.#stream?.resume();
  }

  /** Nobody wants the rest. A second call does nothing, nor does one after the end. */
  destroy(): void {
    if (!this.#isOver) this.#finish();
  }

  #flushNow(): void {
    this.#timer = undefined;
    // The head, at least, should not wait for threads.
    this.#setup.target.flush();
    if (this.#kept.length > 0) this.#feedKept();
    if (!this.#isBehind) return;
    this.#isBehind = false;
    this.#stream?.flush(this.#setup.codec.flushKind);
  }

  #feedKept(): boolean {
    const kept = Buffer.concat(this.#kept);
    this.#kept = [];
    this.#stream ??= this.#open();
    return this.#feed(this.#stream, kept);
  }

  #feed(stream: CodecStream, piece: Buffer): boolean {
    this.#isBehind = true;
    return stream.write(piece);
  }

  #open(): CodecStream {
    const { codec, onDrain, onFailure } = this.#setup;
    const stream = codec.open();
    stream.on('data', (piece: Buffer) => {
      if (!this.#give(piece)) stream.pause();
      // The last piece goes out with the end.
      if (!this.#isEnding) this.#setup.target.flush();
    });
    stream.on('drain', onDrain);
    stream.on('error', (error) => {
      if (this.#isOver) return;
      this.#finish();
      onFailure(error);
    });
    return stream;
  }

  #give(piece: Buffer): boolean {
    this.#given += piece.length;
    return this.#setup.target.write(piece, 0, piece.length);
  }

  #complete(trailers: readonly string[]): void {
    this.#finish();
    this.#setup.target.end(codedTrailers(trailers));
  }

  #finish(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#kept = [];
    this.#stream?.destroy();
    this.#setup.onOver({ taken: this.#taken, given: this.#given });
  }
}
