import { describe, expect, test } from '@jest/globals';
import { formatConfigErrors } from '@lb/shared/config/diagnostics';
import { configFromArguments } from '@lb/shared/config/from-arguments';
import { nearest } from '@lb/shared/config/suggest';
import * as fc from 'fast-check';
import { parse } from '../support/config-text.ts';

const VALID = `# a comment
listeners:
  - { bind: 0.0.0.0:8080, name: web, limits: &l { headerTimeout: 10s, maxBody: 10MiB } }
  - bind: ":81"
    limits: *l
trustedProxies: [10.0.0.0/8, unix]
routes:
  - name: api
    match: { hosts: ["*.example.com"], paths: ["/v1/*", "~^/x$"], headers: { x-a: "~b" } }
    split: [{ pool: api, weight: 9 }, { pool: web, weight: 1 }]
    headers: { request: { set: { X-A: "\${A:-b}" } } }
  - redirect: { to: "https://{host}{uri}" }
pools:
  api: { policy: ewma, backends: [http://a:1, { url: http://b:1, weight: 2 }] }
  web: { backends: [http://c:1] }
admin: { bind: 127.0.0.1:9090, token: \${file:/token} }
log:
  level: |
    info
`.replace('token: ${file:/token}', 'token: "${file:/token}"');

const FILES = { '/token': 'long-enough' };

/** What an answer to a text promises and does not keep; empty for a good answer, whatever the text. */
function brokenPromises(text: string): readonly string[] {
  const parsed = parse(text, { files: FILES });
  const said = parsed.ok ? parsed.warnings : parsed.errors;
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  const places = said.map(({ line, column }) => line * 1e6 + column);
  const promises: readonly (readonly [string, boolean])[] = [
    ['a refusal has a reason', parsed.ok || said.length > 0],
    ['sorted by position', places.every((place, index) => place >= (places[index - 1] ?? 0))],
    ['formats', said.length === 0 || formatConfigErrors(said).includes('lb.yaml:')],
    ...said.flatMap(({ line, column, length, excerpt, message }) => [
      [`line ${line} is a line`, excerpt === lines[line - 1]?.replace(/\r$/, '')] as const,
      [`column ${column} is in it`, column >= 1 && column <= (excerpt?.length ?? 0) + 2] as const,
      ['covers something', length >= 1] as const,
      [`says it in words: ${message}`, !/Invalid|undefined|\[object/.test(message)] as const,
    ]),
  ];
  return promises.filter(([, kept]) => !kept).map(([promise]) => promise);
}

/** Pieces that YAML and the schema trip over. */
const piece = fc.constantFrom(
  '{',
  '}',
  '[',
  ']',
  ':',
  ': ',
  '- ',
  '\n',
  '\n  ',
  '\t',
  '"',
  "'",
  '|',
  '>',
  '&a ',
  '*a',
  '!t ',
  '#',
  '${',
  '$${',
  '${A}',
  '---\n',
  '...\n',
  '? ',
  '<<: ',
  '%',
  '@',
  '`',
  '\\',
  '\r',
  '\0',
  '\uFEFF',
  '\u2028',
  '__proto__: ',
  'constructor: ',
  'null',
  '1e999',
  '0x1F',
  '.nan',
  '-1',
  'yes',
  'pools',
  'pool: ',
  'url: ',
);

describe('parseConfig', () => {
  test('answers any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) =>
        expect(brokenPromises(text)).toEqual([]),
      ),
      { numRuns: 250 },
    );
  });

  test('answers any heap of YAML', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) =>
        expect(brokenPromises(pieces.join(''))).toEqual([]),
      ),
      { numRuns: 300 },
    );
  });

  test('answers a valid file with anything cut out and anything put in', () => {
    const place = fc.nat(VALID.length);
    fc.assert(
      fc.property(
        place,
        fc.nat(12),
        fc.oneof(piece, fc.string({ maxLength: 5 })),
        (at, cut, inserted) => {
          expect(brokenPromises(VALID.slice(0, at) + inserted + VALID.slice(at + cut))).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('answers any value at any key of a valid file', () => {
    const lines = VALID.split('\n');
    const value = fc.json({ maxDepth: 3 });
    fc.assert(
      fc.property(fc.nat(lines.length - 1), value, (index, json) => {
        const changed = lines.map((line, at) =>
          at === index ? line.replace(/: .*/, `: ${json}`) : line,
        );
        expect(brokenPromises(changed.join('\n'))).toEqual([]);
      }),
      { numRuns: 250 },
    );
  });

  test('accepts the file that the others start from', () => {
    const fine = VALID.replace('level: |\n    info', 'level: info');

    expect(parse(fine, { files: FILES })).toMatchObject({ ok: true });
  });

  test('leaves every prototype as it was', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(brokenPromises(`${VALID}\n__proto__:\n  polluted: 1\n${pieces.join('')}`)).toEqual(
          [],
        );
      }),
      { numRuns: 100 },
    );

    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });
});

test('configFromArguments answers any flags', () => {
  const flag = fc.option(fc.string(), { nil: undefined });
  fc.assert(
    fc.property(
      flag,
      fc.array(fc.string(), { maxLength: 4 }),
      flag,
      flag,
      (listen, to, admin, workers) => {
        const parsed = configFromArguments({ listen, to, admin, workers });
        const said = parsed.ok ? parsed.warnings : parsed.errors;
        expect(said.every(({ path }) => path.startsWith('--'))).toBe(true);
      },
    ),
  );
});

test('a word that is known is its own nearest', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 2, maxLength: 20, unit: fc.constantFrom('a', 'b', 'X', 'Y') }),
      (word) => {
        expect(nearest(word, ['somethingElse', word])).toBe(word);
      },
    ),
  );
});
