/** What compression makes of the head of an answer. */
import { describe, expect, test } from '@jest/globals';
import { fieldsOf } from '@lb/worker/internal/http1/head-text';
import { type CodedHead, Compression } from '@lb/worker/internal/compress/compression';
import { CompressorPlaces } from '@lb/worker/internal/compress/compressor-places';
import { Cells } from '@lb/worker/internal/metrics/cells';
import { CompressMetrics } from '@lb/worker/internal/metrics/compress-metrics';
import { configOf } from '../support/config-text.ts';

const HTML = 'Content-Type: text/html; charset=utf-8\r\n';

interface Question {
  readonly status?: number;
  readonly method?: string;
  readonly asked?: Readonly<Record<string, string>>;
  /** YAML of `compress`. */
  readonly compress?: string;
  readonly places?: CompressorPlaces;
}

/** @param text the field lines of the answer */
function headOf(text: string, question: Question = {}): CodedHead {
  const {
    status = 200,
    method = 'GET',
    compress = 'true',
    places = new CompressorPlaces(),
  } = question;
  const asked = question.asked ?? { 'accept-encoding': 'gzip' };
  const [route] = configOf(
    `listeners: [{ bind: ":8080" }]\nroutes: [{ pool: web, compress: ${compress} }]\n` +
      'pools: { web: { backends: ["http://127.0.0.1:9001"] } }\n',
  ).routes;
  if (!route?.compress) throw new Error('the route compresses');
  const metrics = new CompressMetrics(new Cells(), 'web');
  const lines = { text, hasLength: /^content-length:/im.test(text), hasDate: false };
  const asking = { method, header: (name: string) => asked[name] };
  return new Compression(route.compress, places, metrics).head(asking, status, lines);
}

/** Field lines, in lower case. */
function linesOf({ lines }: CodedHead): string[] {
  return lines.text.toLowerCase().split('\r\n').slice(0, -1);
}

describe('compressed is', () => {
  test.each([
    ['text/html'],
    ['TEXT/CSS'],
    ['text/plain;charset=utf-8'],
    ['application/json'],
    ['application/problem+json'],
    ['image/svg+xml; x=y'],
    ['application/javascript'],
    ['application/wasm'],
  ])('%s', (type) => {
    expect(headOf(`Content-Type: ${type}\r\n`).coding?.encoding).toBe('gzip');
  });

  test.each([[200], [201], [404], [500]])('an answer with status %i', (status) => {
    expect(headOf(HTML, { status }).coding?.encoding).toBe('gzip');
  });

  test('an answer as large as minSize', () => {
    expect(headOf(`${HTML}Content-Length: 1024\r\n`).coding?.encoding).toBe('gzip');
  });
});

describe('not compressed, and not said to vary, is', () => {
  test.each([
    ['image/png', 'Content-Type: image/png\r\n'],
    ['a stream of events', 'Content-Type: text/event-stream\r\n'],
    ['what has no type', 'X: y\r\n'],
    ['an answer below minSize', `${HTML}Content-Length: 1023\r\n`],
    ['what is compressed already', `${HTML}Content-Encoding: br\r\n`],
    ['what must not be transformed', `${HTML}Cache-Control: public, No-Transform ,max-age=9\r\n`],
    ['a part', `${HTML}Content-Range: bytes 0-9/20\r\n`],
  ])('%s', (_what, text) => {
    const head = headOf(text);

    expect(head.coding).toBeUndefined();
    expect(head.lines.text).toBe(text);
  });

  test.each([[204], [206]])('an answer with status %i', (status) => {
    const head = headOf(HTML, { status });

    expect(head).toMatchObject({ coding: undefined, lines: { text: HTML } });
  });
});

describe('the head of a compressed answer', () => {
  test('says so, and no more what was true of the bytes before', () => {
    const head = headOf(
      `${HTML}content-length: 5000\r\nAccept-Ranges: bytes\r\nETag: "abc"\r\nContent-MD5: x\r\n` +
        'Digest: x\r\nContent-Digest: x\r\nRepr-Digest: x\r\nX-Else: 1\r\n',
    );

    expect(linesOf(head)).toEqual([
      'content-type: text/html; charset=utf-8',
      'etag: w/"abc"',
      'x-else: 1',
      'content-encoding: gzip',
      'vary: accept-encoding',
    ]);
    expect(head.lines.hasLength).toBe(false);
  });

  test('keeps a weak validator', () => {
    expect(linesOf(headOf(`${HTML}ETag: W/"abc"\r\n`))).toContain('etag: w/"abc"');
  });

  test.each([['Origin, accept-encoding'], ['*']])('does not repeat Vary: %s', (vary) => {
    const fields = fieldsOf(headOf(`${HTML}Vary: ${vary}\r\n`).lines.text);

    expect(fields.filter((name) => name === 'Vary')).toHaveLength(1);
  });

  test('adds to Vary: Origin', () => {
    expect(linesOf(headOf(`${HTML}Vary: Origin\r\n`))).toEqual(
      expect.arrayContaining(['vary: origin', 'vary: accept-encoding']),
    );
  });
});

describe('for a client that', () => {
  test.each([
    ['takes nothing', {}],
    ['wants no transformation', { 'accept-encoding': 'gzip', 'cache-control': 'no-transform' }],
  ])('%s, the answer passes and varies', (_what, asked) => {
    const text = `${HTML}Content-Length: 5000\r\nETag: "abc"\r\n`;

    const head = headOf(text, { asked });

    expect(head.coding).toBeUndefined();
    expect(head.lines).toMatchObject({ text: `${text}Vary: Accept-Encoding\r\n`, hasLength: true });
  });
});

describe('the head of a 304', () => {
  const answer = { status: 304 };

  test('has the validator that the client has', () => {
    const asked = { 'accept-encoding': 'gzip', 'if-none-match': '"old", W/"abc"' };

    expect(linesOf(headOf('ETag: "abc"\r\n', { ...answer, asked }))).toEqual([
      'etag: w/"abc"',
      'vary: accept-encoding',
    ]);
  });

  test('keeps the validator of a client that was never told another', () => {
    const asked = { 'accept-encoding': 'gzip', 'if-none-match': '"abc"' };

    expect(linesOf(headOf('ETag: "abc"\r\n', { ...answer, asked }))).toContain('etag: "abc"');
  });

  test('passes where it is of a type that is not compressed', () => {
    const text = 'Content-Type: image/png\r\nETag: "abc"\r\n';

    expect(headOf(text, answer).lines.text).toBe(text);
  });
});

test('a stream of events is compressed where types names it, and nothing of it held back', () => {
  const text = 'Content-Type: text/event-stream\r\n';

  expect(headOf(text, { compress: '{ types: [text/event-stream] }' }).coding).toEqual({
    encoding: 'gzip',
    holdMs: 0,
  });
});

test('when all places are taken an answer goes as it is, but for HEAD, which needs none', () => {
  const places = new CompressorPlaces();
  while (!places.areTaken) places.take();

  expect(headOf(HTML, { places }).coding).toBeUndefined();
  expect(headOf(HTML, { places, method: 'HEAD' }).coding?.encoding).toBe('gzip');

  places.giveBack();

  expect(headOf(HTML, { places }).coding?.encoding).toBe('gzip');
});
