/** Writes lines to a file descriptor at once and without ever throwing: a log that is in trouble must not stop traffic. */
import { writeSync } from 'node:fs';

/** How `write` of node:fs behaves; a test hands in its own. */
export type WriteBytes = (fd: number, bytes: Uint8Array) => number;

/**
 * A synchronous line writer. A descriptor that takes no more (EAGAIN on a pipe nobody reads) loses whole lines, never
 * half ones: what was begun is finished before the next line, and the number of lost lines is written once there is room.
 */
export class DescriptorStream {
  readonly #fd: number;
  readonly #writeBytes: WriteBytes;
  #rest: Uint8Array = new Uint8Array(0);
  #dropped = 0;

  constructor(fd: number, writeBytes: WriteBytes = writeSync) {
    this.#fd = fd;
    this.#writeBytes = writeBytes;
  }

  /** Lines lost since the last time that was said. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Writes one line, which carries its line end. */
  write(line: string): void {
    if (!this.#flush()) {
      this.#dropped += 1;
      return;
    }
    this.#rest = Buffer.from(this.#notice(line.startsWith('{')) + line);
    this.#dropped = 0;
    this.#flush();
  }

  #notice(asJson: boolean): string {
    if (this.#dropped === 0) return '';
    return asJson
      ? `{"level":"warn","dropped":${this.#dropped},"msg":"log lines were dropped"}\n`
      : `${this.#dropped} log lines were dropped\n`;
  }

  /** True when nothing that was begun is left. */
  #flush(): boolean {
    while (this.#rest.length > 0) {
      try {
        this.#rest = this.#rest.subarray(this.#writeBytes(this.#fd, this.#rest));
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (code === 'EINTR') continue;
        // EAGAIN passes, so the rest waits. After EPIPE, EBADF or ENOSPC there is nobody to tell: the line is lost.
        if (code !== 'EAGAIN') {
          this.#rest = new Uint8Array(0);
          this.#dropped += 1;
        }
        return code !== 'EAGAIN';
      }
    }
    return true;
  }
}
