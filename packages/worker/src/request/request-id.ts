/** Request ids: UUIDs of version 7, which sort by time. @see RFC 9562 section 5.7 */
import { randomFillSync } from 'node:crypto';
import type { Clock } from '@lb/shared/time/clock';

/** Random bytes are drawn, and written in hex, for so many ids at once: a call for each would cost more than the rest. */
const IDS_PER_DRAW = 400;
const BYTES_PER_ID = 10;
/** `7abc-8def-0123456789ab`: what follows the time. */
const LENGTH_PER_ID = 2 * BYTES_PER_ID + 2;

/** A wall clock that was set is followed within this time. */
const LOOK_MS = 1_000;

/** Makes ids. */
export class RequestIds {
  readonly #clock: Clock;
  readonly #bytes = Buffer.alloc(IDS_PER_DRAW * BYTES_PER_ID);
  /** What follows the time in the ids to come. */
  #drawn = '';
  #used = 0;
  /** What the monotonic clock is behind the wall's, and when that was looked at. */
  #behindMs = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #timeMs: number | undefined;
  /** The time as an id begins with it. */
  #time = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new id, 36 characters. @param monotonicMs now; the wall's clock costs as much as the rest of an id */
  next(monotonicMs: number): string {
    if (monotonicMs - this.#lookedMs >= LOOK_MS) {
      this.#behindMs = this.#clock.wallMs() - monotonicMs;
      this.#lookedMs = monotonicMs;
    }
    const nowMs = Math.floor(monotonicMs + this.#behindMs);
    if (nowMs !== this.#timeMs) this.#setTime(nowMs);
    if (this.#used === this.#drawn.length) this.#draw();
    const start = this.#used;
    this.#used += LENGTH_PER_ID;
    return this.#time + this.#drawn.slice(start, this.#used);
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
    this.#drawn = bytes.toString('hex').replace(/(....)(....)(.{12})/g, '$1-$2-$3');
    this.#used = 0;
  }
}

/** An id that a trusted proxy may bring: visible ASCII, not long, nothing that could break a log line. */
export function isAcceptableId(text: string): boolean {
  return /^[\x21-\x7e]{1,128}$/.test(text) && !/["\\]/.test(text);
}
