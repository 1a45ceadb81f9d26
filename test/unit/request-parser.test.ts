import { describe, expect, test } from '@jest/globals';
import { RequestParser } from '@lb/worker/internal/server/http1/request-parser';
import { MALFORMED } from '@lb/worker/internal/http1/field-section';
import { acceptedOf } from '../fuzz/request-parser.ts';
import { BAD_REQUESTS } from '../support/bad-requests.ts';
import { GOOD_REQUESTS } from '../support/good-requests.ts';
import { DEFAULT_LIMITS, parseRequests } from '../support/parsed-requests.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const parse = (text: string) => parseRequests([latin1(text)]);
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const SHORT = BAD_REQUESTS.filter(({ text }) => text.length < 1_000);

describe('request parser', () => {
  test.each(GOOD_REQUESTS)('reads $name', ({ text, requests }) => {
    const parsed = parse(text);
    expect(parsed.violations).toEqual([]);
    expect(parsed.error).toBeUndefined();
    expect(parsed.requests.map(({ method, target, body }) => [method, target, body])).toEqual(
      requests,
    );
    expect(parsed).toMatchObject({ isIdle: true, isInHead: false });
  });

  test.each(GOOD_REQUESTS)('finds where $name is to go', ({ text }) => {
    expect(acceptedOf(parse(text))).toBeDefined();
  });

  test.each(BAD_REQUESTS)('refuses $name', ({ text, error }) => {
    const parsed = parse(text);
    expect(parsed.violations).toEqual([]);
    expect(parsed.error).toBe(
      error === 'unfinished' || error === 'destination' ? undefined : error,
    );
    expect(acceptedOf(parsed)).toBeUndefined();
  });

  test.each(BAD_REQUESTS.filter(({ error }) => error === 'destination'))(
    'answers $name with 400',
    ({ text }) => {
      expect(parse(text).requests.map(({ destination }) => destination)).toEqual([
        { status: 400, message: expect.any(String) },
      ]);
    },
  );

  test.each([...GOOD_REQUESTS, ...SHORT])(
    'reads $name alike wherever it is cut in two',
    ({ text }) => {
      const whole = parse(text);
      const bytes = latin1(text);
      for (let at = 0; at <= bytes.length; at++) {
        expect(parseRequests([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
      }
    },
  );

  test.each([...GOOD_REQUESTS, ...BAD_REQUESTS])('reads $name alike byte by byte', ({ text }) => {
    const bytes = Array.from(latin1(text), (byte) => Buffer.from([byte]));
    expect(parseRequests(bytes)).toEqual(parse(text));
  });

  test('hands over the head as it came', () => {
    const [request] = parse(
      'POST /a?b HTTP/1.1\r\nHost: A.test:80\r\nX: \t b c\t\r\ncontent-length: 02\r\ny:\r\n\r\nok',
    ).requests;
    expect(request).toMatchObject({
      method: 'POST',
      target: '/a?b',
      httpMinor: 1,
      fields: ['Host', 'A.test:80', 'X', 'b c', 'content-length', '02', 'y', ''],
      contentLength: 2,
      isChunked: false,
      keepsAlive: true,
      destination: { host: 'A.test:80', hostname: 'a.test' },
    });
  });

  test('hands over the trailers apart from the fields of the head', () => {
    const [request] = parse(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 5\r\nHost: evil\r\n\r\n',
    ).requests;
    expect(request).toMatchObject({
      fields: ['Host', 'a', 'Transfer-Encoding', 'chunked'],
      contentLength: undefined,
      destination: { hostname: 'a' },
      trailers: ['X-Sum', '5', 'Host', 'evil'],
    });
  });

  test('hands over the body in the buffer that it came in', () => {
    const pieces: unknown[] = [];
    const parser = new RequestParser(
      {
        onHead: () => undefined,
        onBody: (buffer, start, end) => pieces.push({ isSame: buffer === bytes, start, end }),
        onComplete: () => undefined,
      },
      DEFAULT_LIMITS,
    );
    const bytes = latin1('--POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody');
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
    ['1.1', 'a\r\nConnection: close\r\nConnection: b', false],
  ])('HTTP/%s with Connection "%s" keeps the connection: %p', (version, connection, keepsAlive) => {
    const { requests } = parse(`GET / HTTP/${version}\r\nConnection: ${connection}\r\n\r\n`);
    expect(requests[0]?.keepsAlive).toBe(keepsAlive);
  });
});

describe('the boundary of a message', () => {
  const POST = 'POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nok';
  const CHUNKED = 'PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n';
  const newParser = (onComplete: () => void): RequestParser =>
    new RequestParser(
      { onHead: () => undefined, onBody: () => undefined, onComplete },
      DEFAULT_LIMITS,
    );

  test.each([GET, POST, CHUNKED, 'GET / HTTP/1.0\r\n\r\n'])('is where it stops: %j', (text) => {
    let completed = 0;
    const parser = newParser(() => completed++);
    const bytes = latin1(text + GET + POST);
    expect(parser.execute(bytes, 0, bytes.length)).toBe(text.length);
    expect([completed, parser.isIdle]).toEqual([1, true]);
  });

  test('is found in ten requests of one packet, of which the fifth is malformed', () => {
    const texts = Array.from({ length: 10 }, (_, i) =>
      i === 4 ? 'GET / HTTP/1.1\r\nX : y\r\n\r\n' : GET,
    );
    const parsed = parse(texts.join(''));
    expect(parsed.requests.map(({ end }) => end)).toEqual([1, 2, 3, 4].map((n) => n * GET.length));
    expect(parsed.error).toBe('bad_field_name');
  });

  test('is the last one behind an error, whatever follows', () => {
    let completed = 0;
    const parser = newParser(() => completed++);
    const bad = latin1('GARBAGE\r\n\r\n');
    const good = latin1(GET);
    expect(parser.execute(bad, 0, bad.length)).toBe(MALFORMED);
    expect(parser.execute(good, 0, good.length)).toBe(MALFORMED);
    expect([parser.error, completed, parser.isIdle, parser.isInHead]).toEqual([
      'bad_request_line',
      0,
      false,
      false,
    ]);
  });

  test('has no head behind it before a byte of the next one came', () => {
    expect(parse(GET)).toMatchObject({ isIdle: true, isInHead: false });
    expect(parse(`${GET}\r\n`)).toMatchObject({ isIdle: true, isInHead: false });
    expect(parse(`${GET}\r\nG`)).toMatchObject({ isIdle: false, isInHead: true });
    expect(parse(POST.slice(0, -1))).toMatchObject({ isIdle: false, isInHead: false });
    expect(parse(CHUNKED.slice(0, -1))).toMatchObject({ isIdle: false, isInHead: false });
  });
});

describe('limits of the request parser', () => {
  const limits = { maxHeadBytes: 64, maxFields: 2 };
  const limited = (text: string) => parseRequests([latin1(text)], limits).error;
  const headOfLength = (length: number): string => {
    const start = 'GET / HTTP/1.1\r\nA: ';
    return `${start}${'x'.repeat(length - start.length - 4)}\r\n\r\n`;
  };
  const CHUNKED = 'PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';

  test('a head may be as long as the limit, and no longer', () => {
    expect(limited(headOfLength(64))).toBeUndefined();
    expect(limited(headOfLength(65))).toBe('head_too_large');
  });

  test('each head of a connection, and the trailers, may', () => {
    const trailers = `A: ${'x'.repeat(57)}\r\n\r\n`;
    expect(limited(headOfLength(64).repeat(3))).toBeUndefined();
    expect(limited(`${CHUNKED}0\r\n${trailers}`)).toBeUndefined();
    expect(limited(`${CHUNKED}0\r\nA${trailers}`)).toBe('head_too_large');
  });

  test('a head that never ends is refused at the limit, and not before', () => {
    expect(limited('G'.repeat(63))).toBeUndefined();
    expect(limited('G'.repeat(64))).toBe('head_too_large');
    expect(limited(`GET / HTTP/1.1\r\nA: ${'x'.repeat(44)}`)).toBeUndefined();
    expect(limited(`GET / HTTP/1.1\r\nA: ${'x'.repeat(45)}`)).toBe('head_too_large');
  });

  test('as many fields as the limit are read, and no more, in head and trailers each', () => {
    const head = 'PUT / HTTP/1.1\r\nA:\r\nTransfer-Encoding: chunked\r\n';
    expect(limited(`${head}\r\n0\r\nB:\r\nC:\r\n\r\n`)).toBeUndefined();
    expect(limited(`${head}B:`)).toBe('too_many_fields');
    expect(limited(`${head}\r\n0\r\nB:\r\nC:\r\nD:`)).toBe('too_many_fields');
  });

  test('four empty lines may come before a request, each time', () => {
    const spaced = `${'\r\n'.repeat(4)}GET / HTTP/1.1\r\n\r\n`;
    expect(parseRequests([latin1(spaced.repeat(3))], limits)).toMatchObject({ error: undefined });
    expect(limited(`\r\n${spaced}`)).toBe('bad_request_line');
  });

  test('chunk extensions of all chunks of a message count together', () => {
    const chunk = (bytes: number): string => `1;${'e'.repeat(bytes - 2)}\r\nx\r\n`;
    expect(limited(`${CHUNKED}${chunk(8_192).repeat(2)}0\r\n\r\n`.repeat(2))).toBeUndefined();
    expect(limited(`${CHUNKED}${chunk(8_192).repeat(2)}0;e`)).toBe('chunk_extensions_too_large');
  });
});
