import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  EXTENSION_DONE,
  EXTENSION_MALFORMED,
  EXTENSION_START,
  stepExtension,
} from '@lb/worker/internal/http1/chunk-extension';

const SEED = 20_261_126;

/** By the letter of RFC 9112 section 7.1.1, and the CR behind it; at least one, as nobody asks about none. */
const GRAMMAR =
  /^(?:[ \t]*;[ \t]*[!#$%&'*+.^_`|~\w-]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+.^_`|~\w-]+|"(?:[\t !\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t -~\x80-\xff])*"))?)+\r$/;

/** What the steps over all bytes come to; 'unfinished' where more may come. */
function read(text: string): 'done' | 'malformed' | 'unfinished' {
  let state = EXTENSION_START;
  for (const [at, byte] of Buffer.from(text, 'latin1').entries()) {
    state = stepExtension(state, byte);
    if (state === EXTENSION_MALFORMED) return 'malformed';
    if (state === EXTENSION_DONE) return at === text.length - 1 ? 'done' : 'malformed';
  }
  return 'unfinished';
}

describe('chunk extensions', () => {
  test.each([
    ';a',
    ';a=b',
    ' ;a',
    '\t; a = b\t;c',
    ';a="b"',
    ';a=""',
    ';a="b;c=\\"d\\\\"',
    ';a= "\xff\t" ;b',
    ';a;b;c=d',
    ";!#$%&'*+-.^_`|~09Az=1",
  ])('takes %j', (text) => {
    expect(read(`${text}\r`)).toBe('done');
  });

  test.each([
    '',
    ' ',
    'a',
    ';',
    ';;',
    ';=b',
    ';a=',
    ';a=;b',
    ';a b',
    ';a ',
    ';a=b ',
    ';a=b c',
    ';a="b',
    ';a="b\\"',
    ';a="b"c',
    ';a=b"c"',
    ';"a"',
    ';a="\n"',
    ';a="\\\n"',
    ';a="\0"',
    ';a\n',
    ';a\x7f',
    ';\xe9',
    ';a=b=c',
  ])('refuses %j', (text) => {
    expect(read(`${text}\r`)).toBe('malformed');
  });

  test('says of any bytes what the grammar says', () => {
    const piece = fc.oneof(
      fc.constantFrom(';', ' ', '\t', '=', '"', '\\', 'a', 'b1', ';a', ';a=b', '="c"', '\n', '\0'),
      fc.string({ unit: 'binary-ascii', maxLength: 2 }),
      fc.constantFrom('\x80', '\xff'),
    );
    const texts = fc.array(piece, { maxLength: 8 }).map((list) => `${list.join('')}\r`);
    fc.assert(
      fc.property(texts, (text) => {
        expect([text, read(text) === 'done']).toEqual([text, GRAMMAR.test(text)]);
      }),
      { seed: SEED, numRuns: 20_000 },
    );
  });
});
