/** A mistake in a configuration, as people and programs are told about it. */
import type { Problem } from './located.ts';
import { formatPath } from './located.ts';
import { indexLines } from './line-index.ts';

/** Where, what, and what to write instead. `line` and `column` count from 1; 0 when the mistake has no place in the file. */
export interface ConfigError {
  /** As it was given to parseConfig; '' for the command line. */
  readonly file: string;
  /** `pools.api.backends[0]`, '' for the file as a whole, or a flag such as `--to`. */
  readonly path: string;
  readonly line: number;
  /** In UTF-16 units, as editors count. */
  readonly column: number;
  /** UTF-16 units the mistake covers on its first line; at least 1 where there is a line. */
  readonly length: number;
  readonly message: string;
  /** What was probably meant. */
  readonly hint: string | null;
  /** The whole line as it stands in the file, but for passwords of URLs. */
  readonly excerpt: string | null;
}

/** What is shown may end up in a log. As long as before, so that columns stay what they are. */
function withoutPasswords(line: string): string {
  return line.replaceAll(
    /(:\/\/[^\s/?#@:]*:)([^\s"']+)(?=@)/g,
    (_, user: string, password: string) => user + '*'.repeat(password.length),
  );
}

/** Gives problems their lines, sorts them by position and drops what is said twice (an alias repeats its anchor's mistakes). */
export function toConfigErrors(
  file: string,
  text: string,
  problems: readonly Problem[],
): ConfigError[] {
  const lines = indexLines(text);
  const errors = problems.map(({ span, path, message, hint }): ConfigError => {
    const said = { file, path: formatPath(path), message, hint };
    if (span === null) return { ...said, line: 0, column: 0, length: 0, excerpt: null };
    const { line, column, content } = lines.at(span.start);
    const room = Math.max(1, content.length - column + 1);
    const length = Math.min(room, Math.max(1, span.end - span.start));
    return { ...said, line, column, length, excerpt: withoutPasswords(content) };
  });
  const seen = new Set<string>();
  return errors
    .filter(({ line, column, path, message }) => {
      const key = JSON.stringify([line, column, line === 0 ? path : '', message]);
      return !seen.has(key) && seen.add(key);
    })
    .sort((a, b) => a.line - b.line || a.column - b.column);
}
