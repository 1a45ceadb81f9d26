/** Request ids: UUIDs of version 7, which sort by time. @see RFC 9562 section 5.7 */
import { randomFillSync } from 'node:crypto';
import type { Clock } from '@lb/shared/time/clock';

/** Random bytes are drawn, and written in hex, for so many ids at once: a call for each would cost more than the rest. */
const IDS_PER_DRAW = 400;
const BYTES_PER_ID = 10;
const DIGITS_PER_ID = 2 * BYTES_PER_ID;

/** Makes ids. */
export class RequestIds {
  readonly #clock: Clock;
  readonly #bytes = Buffer.alloc(IDS_PER_DRAW * BYTES_PER_ID);
  /** What follows the time in the ids to come, without dashes. */
  #digits = '';
  #used = 0;
  #timeMs: number | undefined;
  /** The time as an id begins with it. */
  #time = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new id, 36 characters. */
  next(): string {
    const nowMs = this.#clock.wallMs();
    if (nowMs !== this.#timeMs) this.#setTime(nowMs);
    if (this.#used === this.#digits.length) this.#draw();
    const digits = this.#digits;
    const start = this.#used;
    this.#used += DIGITS_PER_ID;
    return `${this.#time}${digits.slice(start, start + 4)}-${digits.slice(start + 4, start + 8)}-${digits.slice(start + 8, this.#used)}`;
  }

  #setTime(ms: number): void {
    const digits = ms.toString(16).padStart(12, '0');
    this.#timeMs = ms;
    this.#time = `${digits.slice(0, 8)}-${digits.slice(8)}-`;
  }

  #draw(): void {
    const bytes = this.#bytes;
    randomFillSync(bytes);
    for (let i = 0; i < bytes.length; i += BYTES_PER_ID) {
      bytes[i] = ((bytes[i] ?? 0) & 0x0f) | 0x70;
      bytes[i + 2] = ((bytes[i + 2] ?? 0) & 0x3f) | 0x80;
    }
    this.#digits = bytes.toString('hex');
    this.#used = 0;
  }
}

/** An id that a trusted proxy may bring: visible ASCII, not long, nothing that could break a log line. */
export function isAcceptableId(text: string): boolean {
  return /^[\x21-\x7e]{1,128}$/.test(text) && !/["\\]/.test(text);
}
