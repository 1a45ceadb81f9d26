/**
 * Configuration errors for people:
 *
 *     lb.yaml:9:9  pools.api.backends[0]  unknown key "wieght"
 *         9 |         wieght: 2
 *           |         ^^^^^^  did you mean "weight"?
 */
import type { ConfigError } from './config-error.ts';

/** A line is cut to about this many columns around the mistake. */
const MAX_EXCERPT = 100;

/** All errors, in their order, one below the other, without a line break at the end. Plain ASCII but for what the file says. */
export function formatConfigErrors(errors: readonly ConfigError[]): string {
  return errors.map(formatConfigError).join('\n');
}

function formatConfigError(error: ConfigError): string {
  const { file, line, column, path, message, hint, excerpt } = error;
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  const head = printable([place, path, message].filter((part) => part !== '').join('  '));
  if (line === 0 || excerpt === null) return hint === null ? head : `${head}\n    ${hint}`;
  const { before, marked, after } = cut(printable(excerpt), column - 1, error.length);
  const number = `    ${line}`;
  const carets = '^'.repeat(Math.max(1, widthOf(marked)));
  const pointer = `${blank(before)}${carets}${hint === null ? '' : `  ${hint}`}`;
  const shown = `${before}${marked}${after}`.trimEnd();
  return `${head}\n${number} | ${shown}\n${' '.repeat(number.length)} | ${pointer}`;
}

interface Cut {
  readonly before: string;
  readonly marked: string;
  readonly after: string;
}

/** Keeps the mistake in sight: a third of the room before it, the rest for it and what follows. */
function cut(line: string, start: number, length: number): Cut {
  const before = [...graphemes(line.slice(0, start))];
  const marked = [...graphemes(line.slice(start, start + length))];
  const after = [...graphemes(line.slice(start + length))];
  if (before.length + marked.length + after.length <= MAX_EXCERPT) {
    return { before: before.join(''), marked: marked.join(''), after: after.join('') };
  }
  const lead = Math.floor(MAX_EXCERPT / 3);
  const roomMarked = Math.min(marked.length, MAX_EXCERPT - lead);
  const roomAfter = Math.max(0, MAX_EXCERPT - lead - roomMarked);
  const wasCut = roomMarked < marked.length || roomAfter < after.length;
  return {
    before: before.length > lead ? `...${before.slice(-lead).join('')}` : before.join(''),
    marked: marked.slice(0, roomMarked).join(''),
    after: `${after.slice(0, roomAfter).join('')}${wasCut ? '...' : ''}`,
  };
}

/** As wide as the text on a terminal; a tab stays a tab, so that both lines reach the same stop. */
function blank(text: string): string {
  return [...graphemes(text)]
    .map((one) => (one === '\t' ? '\t' : ' '.repeat(widthOf(one))))
    .join('');
}

function widthOf(text: string): number {
  let width = 0;
  for (const one of graphemes(text)) width += WIDE.test(one) ? 2 : ZERO.test(one) ? 0 : 1;
  return width;
}

/** Han, kana, Hangul, full-width forms and emoji take two columns (Unicode TR11). */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}/u;
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

function* graphemes(text: string): Generator<string> {
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)) {
    yield segment;
  }
}

/** A file must not move the cursor or colour the terminal of who reads about its mistakes. */
function printable(text: string): string {
  return text.replaceAll(/(?!\t)[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '?');
}
