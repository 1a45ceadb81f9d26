import { describe, expect, test } from '@jest/globals';
import { ResponseParser } from '@lb/worker/internal/forward/native/response-parser';
import { BAD_ANSWERS } from '../support/bad-answers.ts';
import { GOOD_ANSWERS } from '../support/good-answers.ts';
import { feed, parsePieces, recordingParser } from '../support/parsed-answer.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const parse = (text: string, isHead = false) => parsePieces([latin1(text)], isHead);
const headOf = (text: string) => parse(text).head;

describe('response parser', () => {
  test.each(GOOD_ANSWERS)('reads $name', ({ text, isHead, status, body = '' }) => {
    const parsed = parse(text, isHead);
    expect(parsed.error).toBeUndefined();
    expect(parsed.violations).toEqual([]);
    expect([parsed.head?.status, parsed.body]).toEqual([status, body]);
    expect(parsed.trailers).toBeDefined();
  });

  test.each(BAD_ANSWERS)('refuses $name', ({ text, isHead, error }) => {
    const parsed = parse(text, isHead);
    expect(parsed.error).toBe(error);
    expect(parsed.violations).toEqual([]);
  });

  test.each([...GOOD_ANSWERS, ...BAD_ANSWERS.filter(({ text }) => text.length < 1_000)])(
    'reads $name alike wherever it is cut in two',
    ({ text, isHead }) => {
      const whole = parse(text, isHead);
      const bytes = latin1(text);
      for (let at = 0; at <= bytes.length; at++) {
        expect(parsePieces([bytes.subarray(0, at), bytes.subarray(at)], isHead)).toEqual(whole);
      }
    },
  );

  test.each([...GOOD_ANSWERS, ...BAD_ANSWERS])(
    'reads $name alike byte by byte',
    ({ text, isHead }) => {
      const bytes = Array.from(latin1(text), (byte) => Buffer.from([byte]));
      expect(parsePieces(bytes, isHead)).toEqual(parse(text, isHead));
    },
  );

  test('hands over the head as it came', () => {
    const text =
      'HTTP/1.1 404 Not Found\r\nA: \t b c\t\r\nKeep-Alive: max=9, Timeout=5\r\nb:\r\nContent-Length: 2\r\n\r\nno';
    const head = headOf(text);
    expect({ ...head, lines: head?.lines.fields }).toEqual({
      status: 404,
      statusMessage: 'Not Found',
      httpMinor: 1,
      lines: ['A', 'b c', 'Keep-Alive', 'max=9, Timeout=5', 'b', '', 'Content-Length', '2'],
      keepAlive: true,
      keepAliveTimeoutMs: 5_000,
      framing: 'length',
      contentLength: 2,
    });
  });

  test('hands over interim answers and trailers with their fields', () => {
    const parsed = parse(
      'HTTP/1.1 103 E\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSum: 1\r\n\r\n',
    );
    expect(parsed.interim).toEqual([[103, ['Link', '</a>']]]);
    expect(parsed.trailers).toEqual(['Sum', '1']);
  });

  test('hands over the body in the buffer that it came in', () => {
    const pieces: unknown[] = [];
    const parser = new ResponseParser({
      onInformation: () => undefined,
      onHead: () => undefined,
      onBody: (buffer, start, end) => pieces.push({ isSame: buffer === bytes, start, end }),
      onComplete: () => undefined,
    });
    const bytes = latin1('--HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody');
    parser.expect(false);
    parser.execute(bytes, 2, bytes.length - 1);
    parser.execute(bytes, bytes.length - 1, bytes.length);
    const end = bytes.length;
    expect(pieces).toEqual([
      { isSame: true, start: end - 4, end: end - 1 },
      { isSame: true, start: end - 1, end },
    ]);
  });

  test.each([
    ['1.1', '', true],
    ['1.1', 'close', false],
    ['1.1', 'keep-alive, CLOSE', false],
    ['1.1', 'x-close , a', true],
    ['1.0', '', false],
    ['1.0', 'Keep-Alive', true],
    ['1.0', 'a,\tkeep-alive', true],
    ['1.0', 'keep-alive, close', false],
  ])('HTTP/%s with Connection "%s" keeps the connection: %p', (version, connection, keepAlive) => {
    const text = `HTTP/${version} 200 OK\r\nConnection: ${connection}\r\nContent-Length: 0\r\n\r\n`;
    expect(headOf(text)?.keepAlive).toBe(keepAlive);
  });

  test('joins the options of several Connection fields', () => {
    const text = 'HTTP/1.1 204 N\r\nConnection: a\r\nConnection: close\r\nConnection: b\r\n\r\n';
    expect(headOf(text)?.keepAlive).toBe(false);
  });

  test('a body that ends with the connection leaves none to keep', () => {
    const text = 'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n';
    expect(headOf(text)).toMatchObject({ framing: 'close', keepAlive: false });
  });

  test.each([
    ['timeout=5', 5_000],
    ['timeout=0', 0],
    ['timeout = 7 , timeout=3', 3_000],
    ['max=5', undefined],
    ['timeout=-1', undefined],
    ['timeout=1.5', undefined],
    ['timeout=9999999999', undefined],
    ['timeout', undefined],
  ])('reads Keep-Alive "%s" as %p ms', (value, timeoutMs) => {
    const text = `HTTP/1.1 204 N\r\nKeep-Alive: ${value}\r\n\r\n`;
    expect(headOf(text)?.keepAliveTimeoutMs).toBe(timeoutMs);
  });

  test('says how long a body is that a HEAD does not get', () => {
    const { head } = parse('HTTP/1.1 200 OK\r\nContent-Length: 9007199254740991\r\n\r\n', true);
    expect(head).toMatchObject({ framing: 'none', contentLength: Number.MAX_SAFE_INTEGER });
  });
});

describe('limits of the response parser', () => {
  const limits = { maxHeadBytes: 64, maxFields: 2, maxInformation: 1 };
  const limited = (text: string) => parsePieces([latin1(text)], false, limits).error;
  const headOfLength = (length: number): string => {
    const start = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: ';
    return `${start}${'x'.repeat(length - start.length - 4)}\r\n\r\n`;
  };

  test('a head may be as long as the limit, and no longer', () => {
    expect(limited(headOfLength(64))).toBeUndefined();
    expect(limited(headOfLength(65))).toBe('head_too_large');
  });

  test('a head that goes over the limit in a later piece is refused there', () => {
    const { parser, parsed } = recordingParser(limits);
    parser.expect(false);
    feed(parser, parsed, latin1(headOfLength(1_000).slice(0, 63)));
    expect(parsed.error).toBeUndefined();
    feed(parser, parsed, latin1('x'));
    expect(parsed.error).toBe('head_too_large');
  });

  test('the limit of fields is for the head and for the trailers', () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n';
    expect(limited(`${chunked}A: b\r\n\r\n0\r\nA: b\r\nC: d\r\n\r\n`)).toBeUndefined();
    expect(limited(`${chunked}A: b\r\nC: d\r\n\r\n0\r\n\r\n`)).toBe('too_many_fields');
    expect(limited(`${chunked}\r\n0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n`)).toBe('too_many_fields');
    expect(limited(`${chunked}\r\n0\r\nA: ${'b'.repeat(60)}\r\n\r\n`)).toBe('head_too_large');
  });

  test('interim answers have a limit of their own', () => {
    const interim = 'HTTP/1.1 103 E\r\n\r\n';
    expect(limited(`${interim}HTTP/1.1 204 N\r\n\r\n`)).toBeUndefined();
    expect(limited(`${interim}${interim}HTTP/1.1 204 N\r\n\r\n`)).toBe('too_many_interim_answers');
  });

  test('a long head in bytes is as good as in one piece', () => {
    const text = `HTTP/1.1 204 N\r\nA: ${'x'.repeat(50_000)}\r\n\r\n`;
    const bytes = Array.from(latin1(text), (byte) => Buffer.from([byte]));
    expect(parsePieces(bytes)).toEqual(parse(text));
  });
});

describe('life of a response parser', () => {
  const answer = latin1('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');

  test('serves one answer after the other, each for its request', () => {
    const { parser, parsed } = recordingParser();
    for (const isHead of [false, true, false]) {
      Object.assign(parsed, { head: undefined, trailers: undefined, body: '' });
      expect(parser.isIdle).toBe(true);
      parser.expect(isHead);
      expect([parser.isIdle, parser.isUntouched]).toEqual([false, true]);
      feed(parser, parsed, isHead ? answer.subarray(0, -1) : answer);
      expect([parser.isIdle, parser.isUntouched]).toEqual([true, false]);
      expect(parsed).toMatchObject({ body: isHead ? '' : 'x', trailers: [], violations: [] });
    }
    expect(parser.finish()).toBeUndefined();
  });

  test('bytes that nobody asked for are in excess', () => {
    const { parser, parsed } = recordingParser();
    feed(parser, parsed, answer);
    expect(parsed).toMatchObject({ error: 'excess', head: undefined });
  });

  test('is not idle at the end of a message that bytes follow, so nothing is asked on that connection', () => {
    const { parser, parsed } = recordingParser();
    parser.expect(false);
    feed(parser, parsed, Buffer.concat([answer, answer]));
    expect(parsed).toMatchObject({ error: 'excess', body: 'x', trailers: [] });
    expect(parser.isIdle).toBe(false);
    parser.expect(false);
    feed(parser, parsed, answer);
    expect(parsed).toMatchObject({ error: 'excess', body: 'x', violations: [] });
  });

  test('a request in the middle of an answer breaks the connection', () => {
    const { parser, parsed } = recordingParser();
    parser.expect(false);
    feed(parser, parsed, answer.subarray(0, -1));
    parser.expect(false);
    feed(parser, parsed, answer);
    expect(parsed).toMatchObject({ error: 'busy', body: '', trailers: undefined });
  });

  test('no bytes are no answer, one byte is half of one', () => {
    const { parser } = recordingParser();
    parser.expect(false);
    parser.execute(answer, 0, 0);
    expect(parser.isUntouched).toBe(true);
    parser.execute(answer, 0, 1);
    expect([parser.isUntouched, parser.finish()]).toEqual([false, 'truncated']);
  });

  test('after 101 nothing is read as an answer', () => {
    const { parser, parsed } = recordingParser();
    parser.expect(false);
    feed(parser, parsed, latin1('HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n'));
    expect(parsed).toMatchObject({ interim: [[101, ['Upgrade', 'x']]], error: undefined });
    feed(parser, parsed, answer);
    expect(parsed).toMatchObject({ error: 'excess', head: undefined });
  });
});
