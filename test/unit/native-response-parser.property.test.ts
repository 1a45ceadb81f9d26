import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { BAD_ANSWERS } from '../support/bad-answers.ts';
import { GOOD_ANSWERS } from '../support/good-answers.ts';
import { parsePieces } from '../support/parsed-answer.ts';

const SEED = 20_261_122;
const options = { seed: SEED, numRuns: 1_000 };

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/);
const value = fc.stringMatching(/^([!-~\x80-\xff]([\t -~\x80-\xff]{0,30}[!-~\x80-\xff])?)?$/);
const HOP = /^(content-length|transfer-encoding|connection|keep-alive)$/i;
const fields = fc.array(
  fc.tuple(
    token.filter((name) => !HOP.test(name)),
    value,
  ),
  { maxLength: 20 },
);
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const whitespace = fc.constantFrom('', ' ', '\t', ' \t ');
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const samples = fc.constantFrom(...GOOD_ANSWERS, ...BAD_ANSWERS);

/** An answer and what it says. */
const answers = fc
  .record({
    status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
    reason: value,
    fields,
    trailers: fields,
    pieces: fc.array(bytes, { maxLength: 5 }),
    padding: whitespace,
    framing: fc.constantFrom('length', 'chunked', 'close'),
  })
  .map(({ status, reason, fields: head, trailers, pieces, padding, framing }) => {
    const lines = (list: readonly (readonly [string, string])[]): string =>
      list.map(([name, text]) => `${name}:${padding}${text}${padding}\r\n`).join('');
    const body = Buffer.concat(pieces);
    const chunks = pieces
      .filter(({ length }) => length > 0)
      .map((piece) => `${piece.length.toString(16)}\r\n${piece.toString('latin1')}\r\n`);
    const framed = {
      length: `Content-Length: ${body.length}\r\n\r\n${body.toString('latin1')}`,
      chunked: `Transfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\n${lines(trailers)}\r\n`,
      close: `\r\n${body.toString('latin1')}`,
    }[framing];
    return {
      text: `HTTP/1.1 ${status} ${reason}\r\n${lines(head)}${framed}`,
      expected: { status, statusMessage: reason, framing },
      headers: head.flat(),
      body: body.toString('latin1'),
      trailers: framing === 'chunked' ? trailers.flat() : [],
    };
  });

function cutAt(whole: Buffer, at: readonly number[]): Buffer[] {
  const places = at.map((share) => Math.round(share * whole.length)).sort((a, b) => a - b);
  return [...places, whole.length].map((end, i) => whole.subarray(places[i - 1] ?? 0, end));
}

describe('response parser, by property', () => {
  test('reads back whatever is written by the grammar, however it is cut', () => {
    fc.assert(
      fc.property(answers, cuts, (answer, at) => {
        const parsed = parsePieces(cutAt(Buffer.from(answer.text, 'latin1'), at));
        expect(parsed).toMatchObject({
          error: undefined,
          violations: [],
          head: answer.expected,
          body: answer.body,
          trailers: answer.trailers,
        });
        expect(parsed.head?.lines.fields.slice(0, answer.headers.length)).toEqual(answer.headers);
      }),
      options,
    );
  });

  test('reads samples alike however they are cut, the bad ones with the same error', () => {
    fc.assert(
      fc.property(samples, cuts, ({ text, isHead }, at) => {
        const whole = Buffer.from(text, 'latin1');
        expect(parsePieces(cutAt(whole, at), isHead)).toEqual(parsePieces([whole], isHead));
      }),
      options,
    );
  });

  test('keeps its promises whatever a mutation makes of an answer, and however that is cut', () => {
    const mutation = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      removed: fc.integer({ min: 0, max: 3 }),
      inserted: fc.oneof(
        fc.constantFrom('\r\n', '\n', '\r', '\0', ' ', ':', ',', ';', '0', 'f', '\r\n\r\n', '\t'),
        fc.string({ unit: 'binary-ascii', maxLength: 3 }),
      ),
    });
    fc.assert(
      fc.property(
        fc.oneof(samples, answers),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        cuts,
        (sample, mutations, at) => {
          const text = mutations.reduce((before, { at: share, removed, inserted }) => {
            const place = Math.round(share * before.length);
            return before.slice(0, place) + inserted + before.slice(place + removed);
          }, sample.text);
          const whole = Buffer.from(text, 'latin1');
          const parsed = parsePieces([whole]);
          expect(parsed.violations).toEqual([]);
          // Complete and free of errors are the same thing, but for bytes behind the end, or behind a 101.
          const isSwitched = parsed.interim.some(([status]) => status === 101);
          const isGood = parsed.error === undefined || (parsed.error === 'excess' && !isSwitched);
          expect(parsed.trailers !== undefined).toBe(isGood);
          expect(parsePieces(cutAt(whole, at))).toEqual(parsed);
        },
      ),
      options,
    );
  });

  test('takes any bytes without throwing', () => {
    fc.assert(
      fc.property(bytes, cuts, (noise, at) => {
        const answer = Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n'), noise]);
        expect(parsePieces(cutAt(noise, at)).violations).toEqual([]);
        expect(parsePieces(cutAt(answer, at))).toEqual(parsePieces([answer]));
      }),
      options,
    );
  });
});
