/**
 * Where access lines go: a file or stdout, written in the background. A disk that is full, a path that cannot be opened or a
 * reader that has stopped never holds a request up: what does not fit into the buffer is dropped and counted.
 */
import type { Logger } from 'pino';
import type { LineBuffer } from './line-buffer.ts';
import { LineWriter, type LineWriterListener } from './line-writer.ts';

export class LogSink {
  readonly #log: Logger;
  readonly #onDrop: () => void;
  #path: string | undefined;
  #writer: LineWriter | undefined;

  constructor(log: Logger, onDrop: () => void) {
    this.#log = log;
    this.#onDrop = onDrop;
  }

  /** Opens `stdout` or a file; undefined closes. The same path again changes nothing. */
  open(path: string | undefined): void {
    if (path === this.#path) return;
    void this.close();
    this.#path = path;
    if (path !== undefined) this.#writer = new LineWriter(path, this.#complainOnce(path));
  }

  /** Takes a copy. */
  write(line: LineBuffer): void {
    if (this.#writer?.write(line) === false) this.#onDrop();
  }

  /** Starts a new file at the same path, after the old one was moved away. */
  reopen(): void {
    if (this.#path !== 'stdout') this.#writer?.reopen();
  }

  /** Writes out what is buffered and resolves when that is done, or given up. */
  async close(): Promise<void> {
    const closing = this.#writer;
    this.#writer = undefined;
    this.#path = undefined;
    await closing?.close();
  }

  /** One warning per outage, not one per try. */
  #complainOnce(path: string): LineWriterListener {
    let isComplaining = false;
    return {
      onError: (error) => {
        if (!isComplaining)
          this.#log.warn({ path, error: error.message }, 'access log cannot be written');
        isComplaining = true;
      },
      onWritten: () => {
        isComplaining = false;
      },
    };
  }
}
