/** What the YAML parser refuses, in words that say what to write instead. */
import type { YAMLError } from 'yaml';
import type { Problem } from './located.ts';

interface Lesson {
  readonly message: string;
  readonly hint: string | null;
}

/** One problem for each line with a syntax error: what follows on the same line is only a consequence of the first. */
export function yamlProblems(errors: readonly YAMLError[], text: string): Problem[] {
  const byLine = new Map<number, Problem>();
  for (const error of errors) {
    const [start, end] = placeOf(error, text);
    const lineStart = text.lastIndexOf('\n', start - 1) + 1;
    if (byLine.has(lineStart)) continue;
    byLine.set(lineStart, { span: { start, end }, path: [], ...lessonFor(error, text, lineStart) });
  }
  return [...byLine.values()];
}

/** Moves an error that the parser reports where it gave up to where the mistake is. */
function placeOf({ code, pos }: YAMLError, text: string): [number, number] {
  const [start, end] = pos;
  if (code === 'TAB_AS_INDENT') {
    const lineStart = text.lastIndexOf('\n', start - 1) + 1;
    const tab = text.indexOf('\t', lineStart);
    if (tab !== -1 && tab <= end) return [tab, tab + 1];
  }
  if (code === 'MULTIPLE_DOCS') return [start, start + 3];
  return [start, Math.max(end, start + 1)];
}

function lessonFor(error: YAMLError, text: string, lineStart: number): Lesson {
  const line = text.slice(lineStart, (text.indexOf('\n', lineStart) + 1 || text.length + 1) - 1);
  if (error.code === 'UNEXPECTED_TOKEN' && /(^|[^"'])\$\{/.test(line)) {
    return {
      message: 'a reference inside { } or [ ] must be in quotes, because YAML reads its braces',
      hint: 'write "${NAME}" with the quotes',
    };
  }
  return LESSONS[error.code] ?? { message: lowerFirst(error.message), hint: null };
}

const ALIGN: Lesson = {
  message: 'this line is not indented like the lines it belongs to',
  hint: 'keys of one map, and the "-" of one list, start in the same column',
};
const LESSONS: Readonly<Partial<Record<YAMLError['code'], Lesson>>> = {
  TAB_AS_INDENT: { message: 'tabs may not be used for indentation', hint: 'use spaces' },
  MULTIPLE_DOCS: {
    message: 'only one document may stand in the file',
    hint: 'remove this "---" and what follows it, or merge it into the part above',
  },
  BAD_INDENT: ALIGN,
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a second "key:" on one line',
    hint: 'put it on its own line, or the value in quotes when it contains ": "',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'expected "key: value"',
    hint: 'is a ":" missing, or a "- " too many?',
  },
  BAD_SCALAR_START: {
    message: 'a value cannot start with this character',
    hint: 'put the value in quotes',
  },
  MISSING_CHAR: {
    message: 'a quote, bracket or comma is missing here or before this line',
    hint: null,
  },
  BAD_DQ_ESCAPE: {
    message: 'not an escape that a double-quoted string knows',
    hint: "use single quotes, where a backslash is only a backslash: '~^/\\d+$'",
  },
  BAD_DIRECTIVE: { message: 'not a YAML directive', hint: 'put the value in quotes' },
  RESOURCE_EXHAUSTION: { message: 'nested too deep', hint: null },
};

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
