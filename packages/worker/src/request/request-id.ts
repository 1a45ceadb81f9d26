/** Request ids: UUIDs of version 7, which sort by time. @see RFC 9562 section 5.7 */
import { randomFillSync } from 'node:crypto';
import type { Clock } from '@lb/shared/time/clock';

/** Random bytes are drawn for many ids at once: one call per request would cost more than the rest of the id. */
const POOL_BYTES = 4096;
const BYTES_PER_ID = 10;

/** Makes ids. */
export class RequestIds {
  readonly #clock: Clock;
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #used = POOL_BYTES;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new id, 36 characters. */
  next(): string {
    if (this.#used + BYTES_PER_ID > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += BYTES_PER_ID;
    const time = this.#clock.wallMs().toString(16).padStart(12, '0');
    this.#pool[start] = ((this.#pool[start] ?? 0) & 0x0f) | 0x70;
    this.#pool[start + 2] = ((this.#pool[start + 2] ?? 0) & 0x3f) | 0x80;
    const random = this.#pool.toString('hex', start, start + BYTES_PER_ID);
    return `${time.slice(0, 8)}-${time.slice(8)}-${random.slice(0, 4)}-${random.slice(4, 8)}-${random.slice(8)}`;
  }
}

/** An id that a trusted proxy may bring: visible ASCII, not long, nothing that could break a log line. */
export function isAcceptableId(text: string): boolean {
  return /^[\x21-\x7e]{1,128}$/.test(text) && !/["\\]/.test(text);
}
