import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { BAD_REQUESTS } from '../support/bad-requests.ts';
import { GOOD_REQUESTS } from '../support/good-requests.ts';
import { parseRequests } from '../support/parsed-requests.ts';

const SEED = 20_261_123;
const options = { seed: SEED, numRuns: 1_000 };

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/);
const value = fc.stringMatching(/^([!-~\x80-\xff]([\t -~\x80-\xff]{0,30}[!-~\x80-\xff])?)?$/);
const FRAMING = /^(content-length|transfer-encoding|connection)$/i;
const fields = fc.array(
  fc.tuple(
    token.filter((name) => !FRAMING.test(name)),
    value,
  ),
  { maxLength: 10 },
);
const bytes = fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array));
const whitespace = fc.constantFrom('', ' ', '\t', ' \t ');
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const samples = fc.constantFrom(...GOOD_REQUESTS, ...BAD_REQUESTS);

const quoted = fc.stringMatching(/^"([\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff]){0,8}"$/);
const extensions = fc
  .array(
    fc
      .tuple(
        whitespace,
        whitespace,
        token,
        fc.option(fc.tuple(whitespace, fc.oneof(token, quoted))),
      )
      .map(([before, behind, name, given]) => {
        const parameter = given === null ? '' : `${given[0]}=${given[0]}${given[1]}`;
        return `${before};${behind}${name}${parameter}`;
      }),
    { maxLength: 3 },
  )
  .map((list) => list.join(''));
const chunk = fc.tuple(
  bytes.filter(({ length }) => length > 0),
  fc.constantFrom('', '0', '0000'),
  fc.boolean(),
  extensions,
);

/** A request and what it says. */
const request = fc
  .record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'QUERY'),
    target: fc.stringMatching(/^[!-~\x80-\xff]{1,40}$/),
    emptyLines: fc.integer({ min: 0, max: 4 }),
    httpMinor: fc.constantFrom(0 as const, 1 as const),
    fields,
    trailers: fields,
    chunks: fc.array(chunk, { maxLength: 5 }),
    lastExtensions: extensions,
    padding: whitespace,
    framing: fc.constantFrom('none', 'length', 'chunked'),
  })
  .map((parts) => {
    const { method, target, httpMinor, padding, chunks } = parts;
    const framing = parts.framing === 'chunked' && httpMinor === 0 ? 'length' : parts.framing;
    const lines = (list: readonly (readonly [string, string])[]): string =>
      list.map(([name, text]) => `${name}:${padding}${text}${padding}\r\n`).join('');
    const body = Buffer.concat(chunks.map(([piece]) => piece)).toString('latin1');
    const written = chunks.map(([piece, zeros, isUpper, extension]) => {
      const size = piece.length.toString(16);
      return `${zeros}${isUpper ? size.toUpperCase() : size}${extension}\r\n${piece.toString('latin1')}\r\n`;
    });
    const framed = {
      none: '\r\n',
      length: `Content-Length: ${body.length}\r\n\r\n${body}`,
      chunked: `Transfer-Encoding: chunked\r\n\r\n${written.join('')}0${parts.lastExtensions}\r\n${lines(parts.trailers)}\r\n`,
    }[framing];
    const empty = '\r\n'.repeat(parts.emptyLines);
    return {
      text: `${empty}${method} ${target} HTTP/1.${httpMinor}\r\n${lines(parts.fields)}${framed}`,
      headers: parts.fields.flat(),
      expected: {
        method,
        target,
        httpMinor,
        isChunked: framing === 'chunked',
        contentLength: framing === 'length' ? body.length : undefined,
        body: framing === 'none' ? '' : body,
        trailers: framing === 'chunked' ? parts.trailers.flat() : [],
      },
    };
  });
const connections = fc.array(request, { minLength: 1, maxLength: 4 });

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function cutAt(whole: Buffer, at: readonly number[]): Buffer[] {
  const places = at.map((share) => Math.round(share * whole.length)).sort((a, b) => a - b);
  return [...places, whole.length].map((end, i) => whole.subarray(places[i - 1] ?? 0, end));
}

describe('request parser, by property', () => {
  test('reads back whatever is written by the grammar, and where each message ends', () => {
    fc.assert(
      fc.property(connections, cuts, (written, at) => {
        const whole = latin1(written.map(({ text }) => text).join(''));
        const parsed = parseRequests(cutAt(whole, at));
        expect(parsed).toMatchObject({ error: undefined, violations: [], isIdle: true });
        expect(parsed.requests).toMatchObject(written.map(({ expected }) => expected));
        expect(
          parsed.requests.map((each, i) => each.fields.slice(0, written[i]?.headers.length)),
        ).toEqual(written.map(({ headers }) => headers));
        let end = 0;
        expect(parsed.requests.map((each) => each.end)).toEqual(
          written.map(({ text }) => (end += text.length)),
        );
      }),
      options,
    );
  });

  test('reads it alike when it is cut in two at every byte', () => {
    fc.assert(
      fc.property(request, request, (first, second) => {
        const whole = latin1(first.text + second.text);
        const parsed = parseRequests([whole]);
        const isSame = (_: number, at: number): boolean =>
          isDeepStrictEqual(parseRequests([whole.subarray(0, at), whole.subarray(at)]), parsed);
        expect([...whole].findIndex((byte, at) => !isSame(byte, at))).toBe(-1);
      }),
      { ...options, numRuns: 60 },
    );
  });

  test('reads samples alike however they are cut, the bad ones with the same error', () => {
    fc.assert(
      fc.property(samples, cuts, ({ text }, at) => {
        const whole = latin1(text);
        expect(parseRequests(cutAt(whole, at))).toEqual(parseRequests([whole]));
      }),
      options,
    );
  });

  test('keeps its promises whatever a mutation makes of requests, and however that is cut', () => {
    const mutation = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      removed: fc.integer({ min: 0, max: 3 }),
      inserted: fc.oneof(
        fc.constantFrom('\r\n', '\n', '\r', '\0', ' ', ':', ',', ';', '0', 'f', '\r\n\r\n', '\t'),
        fc.string({ unit: 'binary-ascii', maxLength: 3 }),
      ),
    });
    const texts = fc.oneof(
      samples.map(({ text }) => text),
      connections.map((written) => written.map(({ text }) => text).join('')),
    );
    fc.assert(
      fc.property(
        texts,
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        cuts,
        (original, mutations, at) => {
          const text = mutations.reduce((before, { at: share, removed, inserted }) => {
            const place = Math.round(share * before.length);
            return before.slice(0, place) + inserted + before.slice(place + removed);
          }, original);
          const whole = latin1(text);
          const parsed = parseRequests([whole]);
          expect(parsed.violations).toEqual([]);
          expect(parseRequests(cutAt(whole, at))).toEqual(parsed);
        },
      ),
      options,
    );
  });

  test('takes any bytes without throwing', () => {
    const START = 'POST / HTTP/1.1\r\n';
    const beginnings = fc.constantFrom(
      '',
      'G',
      START,
      `${START}A: `,
      `${START}Transfer-Encoding: chunked\r\n\r\n`,
      `${START}Transfer-Encoding: chunked\r\n\r\n1;`,
      `${START}Transfer-Encoding: chunked\r\n\r\n0\r\n`,
    );
    fc.assert(
      fc.property(beginnings, bytes, cuts, (beginning, noise, at) => {
        const whole = Buffer.concat([latin1(beginning), noise]);
        const parsed = parseRequests([whole]);
        expect(parsed.violations).toEqual([]);
        expect(parseRequests(cutAt(whole, at))).toEqual(parsed);
      }),
      options,
    );
  });
});
