/**
 * Writes lines to stdout or a file in the background, in order and one write at a time.
 *
 *     write() ──▶ waiting chunks ──▶ a write under way ──▶ stdout, file
 *        └ too many: refused               └ failed: kept whole, opened if need be, tried again
 *
 * Not pino's destination: with a file that cannot be opened it throws in its timer, and at the end of a process it waits in
 * a loop for a pipe that nobody reads (sonic-boom 4.2).
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { MAX_LINE } from './escape.ts';

/** What waits to be written at most; about 50,000 lines. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** Each write wakes a thread, which costs as much as putting a hundred lines together. */
const FILE_BYTES = 256 * 1024;

/** A line is written this late at most, and a write that failed is tried again after as long. */
const FLUSH_MS = 100;

/** A writer that is closed gives up after this many failures in a row. */
const LAST_TRIES = 10;

const STDOUT = 1;

/** The first `length` of some bytes. */
interface Line {
  readonly bytes: Buffer;
  readonly length: number;
}

/** Lines that go out with one write. */
interface Chunk {
  readonly bytes: Buffer;
  used: number;
}

export interface LineWriterListener {
  /** Something failed that will not pass by itself, unlike a full pipe; called for each try. */
  readonly onError: (error: Error) => void;
  /** A write succeeded. */
  readonly onWritten: () => void;
}

export class LineWriter {
  readonly #path: string;
  readonly #listener: LineWriterListener;
  readonly #chunkBytes: number;
  readonly #closed = Promise.withResolvers<void>();
  #fd: number | undefined;
  /** Full ones first; the last is still filled. */
  #chunks: Chunk[] = [];
  /** One that was written, to be filled again. */
  #spare: Buffer | undefined;
  #waitingBytes = 0;
  /** What is being written; its rest when a part was taken. */
  #current: Buffer = Buffer.alloc(0);
  /** The memory that `#current` is a part of. */
  #written: Buffer | undefined;
  #isBusy = false;
  #isStale = false;
  #isClosing = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param path `stdout` or a file, which is made with its folder */
  constructor(path: string, listener: LineWriterListener) {
    this.#path = path;
    this.#listener = listener;
    this.#chunkBytes = path === 'stdout' ? MAX_LINE : FILE_BYTES;
    this.#pump();
  }

  /** Takes a copy of a line with its line end; false when there is no room for it. */
  write({ bytes, length }: Line): boolean {
    if (this.#waitingBytes + length > MAX_WAITING_BYTES) return false;
    this.#waitingBytes += length;
    const open = this.#chunks.at(-1);
    if (open !== undefined && open.used + length <= open.bytes.length) {
      open.used += bytes.copy(open.bytes, open.used, 0, length);
      this.#pumpLater();
      return true;
    }
    const chunk = this.#newChunk(length);
    chunk.used = bytes.copy(chunk.bytes, 0, 0, length);
    this.#chunks.push(chunk);
    if (open !== undefined && this.#timer === undefined) this.#pump();
    this.#pumpLater();
    return true;
  }

  /** Goes on in a new file at the same path, once what is under way is written. */
  reopen(): void {
    this.#isStale = true;
    this.#pumpLater();
  }

  /** Resolves when everything is written, or given up after a second of failures. With nobody reading it never blocks. */
  close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#failures = 0;
    this.#pump();
    return this.#closed.promise;
  }

  #newChunk(lineBytes: number): Chunk {
    const spare = this.#spare;
    this.#spare = undefined;
    const isEnough = spare !== undefined && spare.length >= lineBytes;
    const bytes = isEnough ? spare : Buffer.allocUnsafeSlow(Math.max(this.#chunkBytes, lineBytes));
    return { bytes, used: 0 };
  }

  /** Not unref'ed: it is armed only while something waits, and a closed writer gives up by itself. */
  #pumpLater(): void {
    if (this.#isBusy || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, FLUSH_MS);
  }

  /** Takes the next step: open, write, close. */
  #pump(): void {
    if (this.#isBusy) return;
    if (this.#isStale && this.#current.length === 0) this.#letGo();
    if (this.#fd === undefined) {
      this.#open();
      return;
    }
    if (this.#current.length === 0) {
      const next = this.#chunks.shift();
      if (next === undefined) {
        if (this.#isClosing) this.#finish();
        return;
      }
      this.#written = next.bytes;
      this.#current = next.bytes.subarray(0, next.used);
    }
    this.#isBusy = true;
    fs.write(this.#fd, this.#current, (error, written) => this.#onWritten(error, written));
  }

  #onWritten(error: NodeJS.ErrnoException | null, written: number): void {
    this.#isBusy = false;
    if (error !== null) {
      this.#failed(error);
      return;
    }
    this.#failures = 0;
    this.#waitingBytes -= written;
    this.#current = this.#current.subarray(written);
    if (this.#current.length === 0) this.#spare = this.#written;
    this.#listener.onWritten();
    // A chunk that is not full yet may wait for more lines.
    const isFull = this.#current.length > 0 || this.#chunks.length > 1;
    if (isFull || this.#isClosing || this.#isStale) this.#pump();
    else if (this.#chunks.length > 0) this.#pumpLater();
  }

  #open(): void {
    this.#isBusy = true;
    const opened = (error: Error | null, fd?: number): void => {
      this.#isBusy = false;
      if (error !== null || fd === undefined) {
        this.#failed(error ?? new Error('not opened'));
        return;
      }
      this.#fd = fd;
      this.#pump();
    };
    if (this.#path === 'stdout') {
      openStdout((fd) => opened(null, fd));
      return;
    }
    fs.mkdir(dirname(this.#path), { recursive: true }, (error) => {
      if (error === null) fs.open(this.#path, 'a', opened);
      else opened(error);
    });
  }

  #failed(error: NodeJS.ErrnoException): void {
    this.#failures++;
    if (error.code !== 'EAGAIN') this.#listener.onError(error);
    if (this.#isClosing && this.#failures >= LAST_TRIES) this.#finish();
    else this.#pumpLater();
  }

  #letGo(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    this.#isStale = false;
    if (fd === undefined || fd === STDOUT) return;
    fs.close(fd, (error) => {
      if (error !== null) this.#listener.onError(error);
    });
  }

  #finish(): void {
    this.#letGo();
    this.#chunks = [];
    this.#current = Buffer.alloc(0);
    this.#closed.resolve();
  }
}

/**
 * Opens a pipe anew, without blocking: a write that waits for a reader would keep the process from exiting. On the
 * descriptor itself that would hold for everybody who shares it. What is no pipe, or cannot be opened, stays as it is.
 */
function openStdout(done: (fd: number) => void): void {
  fs.fstat(STDOUT, (error, stats) => {
    if (error !== null || !stats.isFIFO()) {
      done(STDOUT);
      return;
    }
    const { O_WRONLY, O_NONBLOCK } = fs.constants;
    fs.open('/proc/self/fd/1', O_WRONLY | O_NONBLOCK, (failure, fd) =>
      done(failure === null ? fd : STDOUT),
    );
  });
}
