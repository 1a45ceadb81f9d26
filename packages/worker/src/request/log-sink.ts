/**
 * Where access lines go: a file or stdout, written in the background. A disk that is full or a reader that has stopped
 * never holds a request up: what does not fit into the buffer is dropped and counted.
 */
import { destination } from 'pino';
import type { Logger } from 'pino';

/** What waits to be written at most; about 50,000 lines. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

/** What one write takes: on a pipe, up to this many bytes of several processes never mix (PIPE_BUF). */
const PIPE_BYTES = 4096;

type Destination = ReturnType<typeof destination>;

export class LogSink {
  readonly #log: Logger;
  readonly #onDrop: () => void;
  #path: string | undefined;
  #destination: Destination | undefined;
  #isComplaining = false;

  constructor(log: Logger, onDrop: () => void) {
    this.#log = log;
    this.#onDrop = onDrop;
  }

  /** Opens `stdout` or a file; undefined closes. The same path again changes nothing. */
  open(path: string | undefined): void {
    if (path === this.#path) return;
    void this.close();
    this.#path = path;
    if (path === undefined) return;
    const opened = destination({
      dest: path === 'stdout' ? 1 : path,
      sync: false,
      mkdir: true,
      minLength: PIPE_BYTES - 1,
      maxWrite: path === 'stdout' ? PIPE_BYTES : PIPE_BYTES * 16,
      maxLength: MAX_BUFFERED_BYTES,
      periodicFlush: 100,
    });
    opened.on('error', (error: Error) => this.#onError(error));
    opened.on('drop', () => this.#onDrop());
    opened.on('drain', () => {
      this.#isComplaining = false;
    });
    this.#destination = opened;
  }

  write(line: string): void {
    this.#destination?.write(line);
  }

  /** Starts a new file at the same path, after the old one was moved away. */
  reopen(): void {
    if (this.#path !== undefined && this.#path !== 'stdout') this.#destination?.reopen();
  }

  /**
   * Writes out what is buffered and resolves when that is done; with a reader that has stopped that is never, so whoever
   * waits needs a deadline. Nothing here blocks: a synchronous flush into a full pipe would stop all traffic.
   */
  async close(): Promise<void> {
    const closing = this.#destination;
    this.#destination = undefined;
    this.#path = undefined;
    if (closing === undefined) return;
    const closed = new Promise<void>((resolve) => {
      closing.once('close', resolve);
    });
    closing.end();
    await closed;
  }

  /** One warning per outage, not one per line. */
  #onError(error: Error): void {
    if (this.#isComplaining) return;
    this.#isComplaining = true;
    this.#log.warn({ path: this.#path, error: error.message }, 'access log cannot be written');
  }
}
