/**
 * A line of the access log while it is put together, as bytes. Strings would be made, joined and copied, all of it in memory that
 * is not in any cache of the CPU, thousands of times a second.
 */
import { MAX_LINE, quote, PLAIN } from './escape.ts';

const QUOTE = 0x22;
const POINT = 0x2e;
const ZERO = 0x30;
const LINE_FEED = 0x0a;

/** Up to this length a loop is quicker than the call that copies. */
const SHORT = 40;

/** The largest number whose digits are made here. */
const MOST = 999_999_999;

export class LineBuffer {
  /** Formats stay below MAX_LINE; the rest is for a value that is being shortened. */
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(2 * MAX_LINE);
  length = 0;

  /** Begins another line. */
  begin(): void {
    this.length = 0;
  }

  /** Bytes that were made before. */
  piece(piece: Uint8Array): void {
    this.bytes.set(piece, this.length);
    this.length += piece.length;
  }

  /** ASCII as it is. */
  text(text: string): void {
    const { bytes, length } = this;
    if (text.length > SHORT) {
      this.length += bytes.write(text, length, 'latin1');
      return;
    }
    for (let i = 0; i < text.length; i++) bytes[length + i] = text.charCodeAt(i);
    this.length += text.length;
  }

  /** A value of JSON: escaped where it has to be, and shortened; null for what is not there. */
  quoted(text: string | undefined): void {
    if (text === undefined || text === '' || text.length > SHORT || !PLAIN.test(text)) {
      this.text(quote(text));
      return;
    }
    this.bytes[this.length++] = QUOTE;
    this.text(text);
    this.bytes[this.length++] = QUOTE;
  }

  /** A whole number from 0 on. */
  whole(value: number): void {
    if (value > MOST) {
      this.text(String(value));
      return;
    }
    const end = this.length + digitsOf(value);
    this.#digits(value, end);
    this.length = end;
  }

  /** With three decimals; `null` for none. */
  milliseconds(ms: number | undefined): void {
    if (ms === undefined) {
      this.text('null');
      return;
    }
    const microseconds = Math.round(ms * 1000);
    const whole = Math.floor(microseconds / 1000);
    this.whole(whole);
    const end = this.length + 4;
    // With 1000 more, zeros in front are digits; the first of the four is the place of the point.
    this.#digits(microseconds - whole * 1000 + 1000, end);
    this.bytes[end - 4] = POINT;
    this.length = end;
  }

  end(): void {
    this.bytes[this.length++] = LINE_FEED;
  }

  toString(): string {
    return this.bytes.toString('latin1', 0, this.length);
  }

  /** Writes them from the last to the first. */
  #digits(value: number, end: number): void {
    const { bytes } = this;
    let rest = value;
    let at = end;
    do {
      const tens = Math.floor(rest / 10);
      bytes[--at] = ZERO + rest - tens * 10;
      rest = tens;
    } while (rest > 0);
  }
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}
