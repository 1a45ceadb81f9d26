import { describe, expect, test } from '@jest/globals';
import { formatConfigErrors } from '@lb/shared/config/diagnostics';
import type { ConfigError } from '@lb/shared/config/parse';
import { errorsOf } from '../support/config-text.ts';

const error = (parts: Partial<ConfigError>): ConfigError => ({
  file: 'lb.yaml',
  path: 'log',
  line: 3,
  column: 1,
  length: 1,
  message: 'unknown key "x"',
  hint: null,
  excerpt: 'x: 1',
  ...parts,
});

describe('a configuration error on a terminal', () => {
  test('shows file, line, column and path, the line, a caret and the guess', () => {
    const text = `listeners: [{ bind: ":8080" }]
pools:
  api:
    backends:
      - url: http://127.0.0.1:9001
        wieght: 2
`;

    expect(formatConfigErrors(errorsOf(text))).toBe(
      `lb.yaml:6:9  pools.api.backends[0]  unknown key "wieght"
    6 |         wieght: 2
      |         ^^^^^^  did you mean "weight"?`,
    );
  });

  test('keeps tabs before the mistake, so that caret and mistake meet at any tab width', () => {
    const lines = formatConfigErrors([error({ excerpt: 'a:\tb:\tx', column: 7 })]).split('\n');

    expect(lines.slice(1)).toEqual(['    3 | a:\tb:\tx', '      |   \t  \t^']);
  });

  test('counts two columns for wide characters and none for combining ones', () => {
    const excerpt = 'n\u0303 \u65e5\u672c \u{1f600}: \u8a9e!';
    const [, , carets] = formatConfigErrors([
      error({ excerpt, column: excerpt.indexOf('\u8a9e') + 1, length: 2 }),
    ]).split('\n');

    expect(carets).toBe(`      | ${' '.repeat(11)}^^^`);
  });

  test('cuts a long line around the mistake', () => {
    const excerpt = `${'a'.repeat(500)}wrong${'b'.repeat(500)}`;
    const [, line = '', carets = ''] = formatConfigErrors([
      error({ excerpt, column: 501, length: 5 }),
    ]).split('\n');

    expect(line.length).toBeLessThan(120);
    expect(line.indexOf('wrong')).toBe(carets.indexOf('^^^^^'));
    expect(line).toMatch(/^ {4}3 \| \.\.\.a+wrongb+\.\.\.$/);
  });

  test('does not let a file steer the terminal', () => {
    const shown = formatConfigErrors([
      error({ excerpt: 'x: \u001b[2J\u202e1', message: 'odd \u009b', path: 'a\u001bb' }),
    ]);

    expect(shown).toMatch(/^[\n\x20-\x7e]*$/);
  });

  test('is one line, and the guess, where there is no file', () => {
    const noPlace = { file: '', line: 0, column: 0, length: 0, excerpt: null };
    const shown = formatConfigErrors([
      error({ ...noPlace, path: '--to', message: 'expected a URL', hint: 'did you mean "x"?' }),
      error({ ...noPlace, path: '--listen', message: 'expected host:port' }),
    ]);

    expect(shown).toBe('--to  expected a URL\n    did you mean "x"?\n--listen  expected host:port');
  });
});
