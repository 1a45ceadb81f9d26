/**
 * A head as one string, with marks on the fields that mean something to a proxy. Most fields mean nothing to it and pass: they
 * are never cut out, and a new head is put together from a few long pieces of the old one. A string for every name and value,
 * and one joined of all of them again, cost more than reading the message (docs/decisions/0007).
 */
import { type FieldKind, OTHER, fieldKindAt, isSpelledAt } from './field-names.ts';

const SPACE = 0x20;
const HTAB = 0x09;
const COLON = 0x3a;

/** Numbers of one mark: the kind, then where its line begins, its colon is, and its line ends, without CR LF. */
export const MARK_LENGTH = 4;

export class HeadText {
  /** The start line, if there is one, and the field lines, each with its CR LF. Latin-1: each character is a byte. */
  readonly text: string;
  /** Where the first field line begins. */
  readonly fieldsStart: number;
  /** MARK_LENGTH numbers for each field whose kind is not OTHER, in their order. */
  readonly marks: readonly number[];
  #fields: string[] | undefined;

  constructor(text: string, fieldsStart: number, marks: readonly number[]) {
    this.text = text;
    this.fieldsStart = fieldsStart;
    this.marks = marks;
  }

  /** Names and values in turn, made at the first use. */
  get fields(): string[] {
    this.#fields ??= fieldsOf(this.text.slice(this.fieldsStart));
    return this.#fields;
  }

  /** The name of the field that the mark at this place stands for, as it came. */
  nameAt(mark: number): string {
    return this.text.slice(this.#number(mark + 1), this.#number(mark + 2));
  }

  /** The value of the field that the mark at this place stands for. */
  valueAt(mark: number): string {
    return trimmed(this.text, this.#number(mark + 2) + 1, this.#number(mark + 3));
  }

  /** Same, with the whitespace around it. */
  rawValueAt(mark: number): string {
    return this.text.slice(this.#number(mark + 2) + 1, this.#number(mark + 3));
  }

  /** All lines of a kind, joined by commas; undefined when there is none. */
  valueOf(kind: FieldKind): string | undefined {
    let value: string | undefined;
    for (let mark = 0; mark < this.marks.length; mark += MARK_LENGTH) {
      if (this.marks[mark] !== kind) continue;
      const line = this.valueAt(mark);
      value = value === undefined ? line : `${value}, ${line}`;
    }
    return value;
  }

  /** True when `valueOf` would return this. Where one line says it, nothing is cut out. */
  says(kind: FieldKind, value: string | undefined): boolean {
    const { text, marks } = this;
    let found = -1;
    for (let mark = 0; mark < marks.length; mark += MARK_LENGTH) {
      if (marks[mark] !== kind) continue;
      if (found !== -1) return this.valueOf(kind) === value;
      found = mark;
    }
    if (found === -1 || value === undefined) return found === -1 && value === undefined;
    // One space before the value and none behind it, as nearly everybody writes.
    const start = this.#number(found + 2) + 2;
    const isPlain = text.charCodeAt(start - 1) === SPACE;
    if (isPlain && this.#number(found + 3) - start === value.length)
      return text.startsWith(value, start);
    return this.valueAt(found) === value;
  }

  /** Same as valueOf, of a name, without cutting the others out. @param lower the name in lower case */
  named(lower: string): string | undefined {
    const { text } = this;
    let value: string | undefined;
    for (let start = this.fieldsStart; start < text.length;) {
      const end = text.indexOf('\r\n', start);
      const colon = start + lower.length;
      if (text.charCodeAt(colon) === COLON && isSpelledAt(text, start, lower)) {
        const line = trimmed(text, colon + 1, end);
        value = value === undefined ? line : `${value}, ${line}`;
      }
      start = end + 2;
    }
    return value;
  }

  #number(at: number): number {
    return this.marks[at] as number;
  }
}

/** Field lines with their CR LF. @param fields names and values in turn */
export function toLines(fields: readonly string[]): string {
  let text = '';
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return text;
}

/** Names and values in turn. @param lines field lines that are known to be well-formed, each with its CR LF */
export function fieldsOf(lines: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at < lines.length) {
    const colon = lines.indexOf(':', at);
    const end = lines.indexOf('\r\n', colon);
    fields.push(lines.slice(at, colon), trimmed(lines, colon + 1, end));
    at = end + 2;
  }
  return fields;
}

/** The head that has these fields and no start line. @param fields names and values in turn */
export function headTextOf(fields: readonly string[]): HeadText {
  const text = toLines(fields);
  const marks: number[] = [];
  let start = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const colon = start + (fields[i] as string).length;
    const end = colon + 2 + (fields[i + 1] as string).length;
    const kind = fieldKindAt(text, start, colon);
    if (kind !== OTHER) marks.push(kind, start, colon, end);
    start = end + 2;
  }
  return new HeadText(text, 0, marks);
}

/** The whitespace around a value is no part of it. @see RFC 9112 section 5.1 */
function trimmed(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isWhitespace(text.charCodeAt(from))) from++;
  while (to > from && isWhitespace(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isWhitespace(code: number): boolean {
  return code === SPACE || code === HTAB;
}
