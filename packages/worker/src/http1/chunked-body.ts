/**
 * What stands between the pieces of a chunked body: sizes, extensions, line ends. The data itself passes by.
 *
 *     SIZE --hex--> SIZE_DIGITS --CR--> SIZE_LINE_FEED --LF--> data --> DATA_END --CR--> DATA_LINE_FEED --LF--> SIZE
 *                        '-- BWS ";" --> extension --CR--^   '--(size 0) the trailers come next
 *
 * @see RFC 9112 section 7.1
 */
import {
  EXTENSION_DONE,
  EXTENSION_MALFORMED,
  EXTENSION_START,
  stepExtension,
} from './chunk-extension.ts';
import { MALFORMED, UNFINISHED } from './field-section.ts';
import type { ParseError } from './parse-error.ts';

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const SEMICOLON = 0x3b;

const SIZE = 0;
const SIZE_DIGITS = 1;
const EXTENSION = 2;
const SIZE_LINE_FEED = 3;
const DATA_END = 4;
const DATA_LINE_FEED = 5;
type State =
  | typeof SIZE
  | typeof SIZE_DIGITS
  | typeof EXTENSION
  | typeof SIZE_LINE_FEED
  | typeof DATA_END
  | typeof DATA_LINE_FEED;

/** Value of a hex digit, 16 for any other byte. */
const HEX_VALUES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = String.fromCharCode(byte);
  return /[0-9a-fA-F]/.test(digit) ? Number.parseInt(digit, 16) : 16;
});

/** Zeros in front count: nobody needs more, and parsers have been fooled by overflow. */
const MAX_SIZE_DIGITS = 15;

/** Extensions mean nothing to us and cost the sender nothing (CVE-2024-22019): this is all that a message may have. */
const MAX_EXTENSION_BYTES = 16_384;

export class ChunkedBody {
  /** Bytes of data in the chunk whose size line was read last; 0 says that the trailers come next. */
  size = 0;
  /** Why the last `read` returned MALFORMED. */
  error: ParseError = 'truncated';

  #state: State = SIZE;
  #digits = 0;
  #extension = EXTENSION_START;
  #extensionBytes = 0;

  /** Prepares for the next body. */
  begin(): void {
    this.#state = SIZE;
    this.#extensionBytes = 0;
    this.#beginSize();
  }

  /**
   * Takes the bytes between two pieces of data. The caller takes `size` bytes of data before it calls again.
   * @returns the position of the first byte of data or trailers, or UNFINISHED, or MALFORMED with `error` set
   */
  read(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const byte = buffer[at++] as number;
      switch (this.#state) {
        case DATA_END:
          if (byte !== CR) return this.#fail('bad_chunk_end');
          this.#state = DATA_LINE_FEED;
          break;
        case DATA_LINE_FEED:
          if (byte !== LF) return this.#fail('bad_chunk_end');
          this.#beginSize();
          break;
        case SIZE:
        case SIZE_DIGITS:
          if (!this.#takeSizeByte(byte)) return MALFORMED;
          break;
        case EXTENSION:
          if (!this.#takeExtensionByte(byte)) return MALFORMED;
          break;
        case SIZE_LINE_FEED:
          if (byte !== LF) return this.#fail('bad_chunk_size');
          this.#state = DATA_END;
          return at;
      }
    }
    return UNFINISHED;
  }

  #beginSize(): void {
    this.#state = SIZE;
    this.size = 0;
    this.#digits = 0;
  }

  /**
   * chunk-size = 1*HEXDIG: no sign, no prefix, no whitespace before; recipients MUST prevent errors from large numbers.
   * Whitespace behind it is for a chunk-ext alone. @see RFC 9112 sections 7.1 and 7.1.1
   */
  #takeSizeByte(byte: number): boolean {
    const digit = HEX_VALUES[byte] as number;
    if (digit < 16) {
      this.size = this.size * 16 + digit;
      this.#state = SIZE_DIGITS;
      if (++this.#digits <= MAX_SIZE_DIGITS && this.size <= Number.MAX_SAFE_INTEGER) return true;
      this.error = 'bad_chunk_size';
      return false;
    }
    if (this.#state === SIZE_DIGITS) {
      if (byte === CR) {
        this.#state = SIZE_LINE_FEED;
        return true;
      }
      if (byte === SEMICOLON || byte === SPACE || byte === HTAB) {
        this.#state = EXTENSION;
        this.#extension = EXTENSION_START;
        return this.#takeExtensionByte(byte);
      }
    }
    this.error = 'bad_chunk_size';
    return false;
  }

  /** A recipient ought to limit the total length of extensions in a request; an answer can starve us as well. @see RFC 9112 section 7.1.1 */
  #takeExtensionByte(byte: number): boolean {
    if (++this.#extensionBytes > MAX_EXTENSION_BYTES) {
      this.error = 'chunk_extensions_too_large';
      return false;
    }
    this.#extension = stepExtension(this.#extension, byte);
    if (this.#extension === EXTENSION_DONE) this.#state = SIZE_LINE_FEED;
    if (this.#extension !== EXTENSION_MALFORMED) return true;
    this.error = 'bad_chunk_extension';
    return false;
  }

  #fail(error: ParseError): typeof MALFORMED {
    this.error = error;
    return MALFORMED;
  }
}
