/**
 * Lines up to an empty one: the head of a message (a start line, then fields) or its trailers (fields alone).
 *
 *     START_LINE --CR--> LINE_FEED --LF--> LINE_START --tchar--> NAME --":"--> VALUE --CR--> LINE_FEED
 *                                              '--CR--> LAST_LINE_FEED --LF--> done
 *
 * One pass over the bytes checks every one of them and notes where lines and names end; ONE string is made when the empty line
 * is there.
 * Bytes that end in the middle are kept and the pass goes on where it stopped, so pieces and a whole meet the same code.
 */
import { runEnd, TEXT_BYTES, TOKEN_BYTES } from './characters.ts';
import { fieldKindAt, OTHER } from './field-names.ts';
import { HeadText } from './head-text.ts';
import { latin1 } from './latin1.ts';
import type { ParseError } from './parse-error.ts';

/** For each head and for the trailers. */
export interface SectionLimits {
  /** Line ends included. */
  readonly maxHeadBytes: number;
  readonly maxFields: number;
}

/** What the first line of a head must be. */
export interface StartLine {
  /** Judges a start line once it is whole, so that a peer that speaks something else is found out early. */
  isStartLine(bytes: Buffer, start: number, end: number): boolean;
  readonly error: ParseError;
}

/** What `read` returns in place of a position. */
export const UNFINISHED = -1;
export const MALFORMED = -2;

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;

const START_LINE = 0;
const LINE_FEED = 1;
const LINE_START = 2;
const NAME = 3;
const VALUE = 4;
const LAST_LINE_FEED = 5;
type State =
  | typeof START_LINE
  | typeof LINE_FEED
  | typeof LINE_START
  | typeof NAME
  | typeof VALUE
  | typeof LAST_LINE_FEED;

/** Enough for nearly every head that comes in two pieces. */
const KEPT_BYTES = 2_048;

const NOTHING = new HeadText('', 0, []);

export class FieldSection {
  /** Why the last `read` returned MALFORMED. */
  error: ParseError = 'truncated';
  readonly #limits: SectionLimits;
  readonly #startLine: StartLine;
  #state: State = START_LINE;
  /** What was scanned so far: the offset, from the first byte of the section, of the next byte to come. */
  #scanned = 0;
  #lineStart = 0;
  /** Offsets from the first byte: the end of the start line, then the colon and the end of each field line. */
  readonly #cuts: number[] = [];
  #cutCount = 0;
  /** The first `#scanned` bytes of the section, when they came with an earlier `read`. */
  #kept: Buffer | undefined;
  #head = NOTHING;

  constructor(limits: SectionLimits, startLine: StartLine) {
    this.#limits = limits;
    this.#startLine = startLine;
  }

  /** Prepares for the next section. */
  begin(hasStartLine: boolean): void {
    this.#state = hasStartLine ? START_LINE : LINE_START;
    this.#scanned = 0;
    this.#lineStart = 0;
    this.#cutCount = 0;
    this.#kept = undefined;
  }

  /** Hands over what was read, once, after a `read` that returned a position: an idle connection keeps no head. */
  takeHead(): HeadText {
    const head = this.#head;
    this.#head = NOTHING;
    return head;
  }

  /** Takes bytes up to the empty line. @returns the position behind it, or UNFINISHED, or MALFORMED with `error` set */
  read(buffer: Buffer, start: number, end: number): number {
    const before = this.#scanned;
    if (before > 0) {
      // A byte over the limit is enough to see that it is exceeded.
      const taken = Math.min(end - start, this.#limits.maxHeadBytes - before);
      const kept = this.#keep(buffer, start, start + taken);
      const stop = this.#scan(kept, 0, before + taken);
      return stop < 0 ? stop : start + stop - before;
    }
    const limit = Math.min(end, start + this.#limits.maxHeadBytes);
    const stop = this.#scan(buffer, start, limit);
    if (stop === UNFINISHED) this.#keep(buffer, start, limit);
    return stop;
  }

  /** Appends to what is kept; capacity doubles, so a head that comes byte by byte is copied a constant number of times. */
  #keep(buffer: Buffer, start: number, end: number): Buffer {
    const at = this.#kept === undefined ? 0 : this.#scanned;
    const needed = at + end - start;
    let kept = this.#kept ?? Buffer.allocUnsafeSlow(Math.max(KEPT_BYTES, needed));
    if (kept.length < needed) {
      const larger = Buffer.allocUnsafeSlow(Math.max(kept.length * 2, needed));
      kept.copy(larger, 0, 0, at);
      kept = larger;
    }
    buffer.copy(kept, at, start, end);
    this.#kept = kept;
    return kept;
  }

  /** Goes on with the bytes before `stop`. @param base position of the section's first byte */
  #scan(bytes: Buffer, base: number, stop: number): number {
    let at = base + this.#scanned;
    let state = this.#state;
    const { maxFields, maxHeadBytes } = this.#limits;
    while (at < stop) {
      switch (state) {
        case LINE_START:
          this.#lineStart = at - base;
          state = bytes[at] === CR ? LAST_LINE_FEED : NAME;
          if (state === LAST_LINE_FEED) at++;
          // One cut for the start line, two for a field.
          else if (this.#cutCount >> 1 >= maxFields) return this.#fail('too_many_fields');
          break;
        case NAME:
          at = runEnd(TOKEN_BYTES, bytes, at, stop);
          if (at === stop) break;
          if (!this.#endName(bytes, base, at)) return MALFORMED;
          at++;
          state = VALUE;
          break;
        case VALUE:
        case START_LINE:
          at = runEnd(TEXT_BYTES, bytes, at, stop);
          if (at === stop) break;
          if (!this.#endLine(bytes, base, at, state === START_LINE)) return MALFORMED;
          at++;
          // Nearly always it is there already: one turn of the loop less.
          if (bytes[at] === LF && at < stop) {
            at++;
            state = LINE_START;
          } else {
            state = LINE_FEED;
          }
          break;
        case LINE_FEED:
          if (bytes[at] !== LF) return this.#fail('bad_line_end');
          at++;
          state = LINE_START;
          break;
        case LAST_LINE_FEED:
          if (bytes[at] !== LF) return this.#fail('bad_line_end');
          this.#cut(bytes, base);
          this.#kept = undefined;
          return at + 1;
      }
    }
    this.#state = state;
    this.#scanned = at - base;
    return this.#scanned < maxHeadBytes ? UNFINISHED : this.#fail('head_too_large');
  }

  /**
   * At the first byte that is no tchar: a name has at least one, and the colon follows at once.
   * @see RFC 9112 section 5.1, which has whitespace before it removed from answers: others read it in other ways
   */
  #endName(bytes: Buffer, base: number, at: number): boolean {
    const isEmpty = at - base === this.#lineStart;
    if (bytes[at] !== COLON || isEmpty) {
      this.error = nameError(bytes[at], isEmpty);
      return false;
    }
    this.#cuts[this.#cutCount++] = at - base;
    return true;
  }

  /**
   * At the first byte that is no part of a line's text. Only CR LF ends a line: a recipient MAY take a lone LF, and MUST
   * reject or replace a lone CR; other parsers disagree on both, which is what response splitting lives on.
   * @see RFC 9112 section 2.2
   */
  #endLine(bytes: Buffer, base: number, at: number, isStartLine: boolean): boolean {
    const end = at - base;
    if (isStartLine) {
      // CR or not: "GARBAGE LF" is a bad start line before it is anything else.
      if (bytes[at] !== CR || !this.#startLine.isStartLine(bytes, base, at)) {
        this.error = this.#startLine.error;
        return false;
      }
    } else if (bytes[at] !== CR) {
      this.error = bytes[at] === LF ? 'bad_line_end' : 'bad_field_value';
      return false;
    }
    this.#cuts[this.#cutCount++] = end;
    return true;
  }

  /** Makes the one string, and marks in it. */
  #cut(bytes: Buffer, base: number): void {
    const count = this.#cutCount;
    const cuts = this.#cuts;
    const textEnd = count === 0 ? 0 : (cuts[count - 1] as number) + 2;
    const text = latin1(bytes, base, base + textEnd);
    const marks: number[] = [];
    // A field has two cuts: an odd count tells of a start line.
    const first = count & 1;
    const fieldsStart = first === 1 ? (cuts[0] as number) + 2 : 0;
    let lineStart = fieldsStart;
    for (let i = first; i < count; i += 2) {
      const colon = cuts[i] as number;
      const end = cuts[i + 1] as number;
      const kind = fieldKindAt(text, lineStart, colon);
      if (kind !== OTHER) marks.push(kind, lineStart, colon, end);
      lineStart = end + 2;
    }
    this.#head = new HeadText(text, fieldsStart, marks);
  }

  #fail(error: ParseError): typeof MALFORMED {
    this.error = error;
    return MALFORMED;
  }
}

/** Says what is wrong with a name. @see RFC 9112 section 5.2 for a line that continues the one before */
function nameError(byte: number | undefined, isFirst: boolean): ParseError {
  if (isFirst && (byte === SPACE || byte === HTAB)) return 'obsolete_fold';
  return byte === LF ? 'bad_line_end' : 'bad_field_name';
}
