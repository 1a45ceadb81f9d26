/** A route that stores answers and compresses them: stored as they came, compressed once. */
import zlib from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { freshAnswer, type CachedFront, startCached, statusOf } from '../support/cached-front.ts';
import { jsonBody } from '../support/compressible.ts';
import { headerOf, type RawResponse } from '../support/raw-client.ts';

const FIELDS = ['Content-Type: application/json', 'ETag: "abc"'];
const ZSTD = ['Accept-Encoding: zstd'];

const DECODE: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  zstd: zlib.zstdDecompressSync,
  br: zlib.brotliDecompressSync,
  gzip: zlib.gunzipSync,
};

function decoded(response: RawResponse): string {
  const body = Buffer.from(response.body, 'latin1');
  const encoding = headerOf(response, 'content-encoding');
  return (encoding === undefined ? body : (DECODE[encoding]?.(body) ?? body)).toString();
}

function start(text: string, cache = '{}'): Promise<CachedFront> {
  return startCached({
    cache,
    route: ', compress: true',
    respond: () => freshAnswer(text, FIELDS),
  });
}

describe.each([
  ['small', 4_000],
  ['large', 300_000],
])('a %s answer that is stored', (_, bytes) => {
  const text = jsonBody(bytes).toString();

  test.each(['zstd', 'br', 'gzip'])(
    'is compressed in %s for the first hit, and kept',
    async (encoding) => {
      await using lb = await start(text);
      const fields = [`Accept-Encoding: ${encoding}`];

      const answers = [
        await lb.get('/', fields),
        await lb.get('/', fields),
        await lb.get('/', fields),
      ];

      for (const answer of answers) {
        expect(headerOf(answer, 'content-encoding')).toBe(encoding);
        expect(headerOf(answer, 'vary')).toBe('Accept-Encoding');
        expect(headerOf(answer, 'etag')).toBe('W/"abc"');
        expect(decoded(answer)).toBe(text);
      }
      const lengths = answers.map((answer) => headerOf(answer, 'content-length'));
      // What was compressed before has a length.
      expect(lengths).toEqual([undefined, undefined, String(answers[2]?.body.length)]);
      expect(lb.backend.requests).toHaveLength(1);
    },
  );

  test('is sent as it came to whoever takes no coding, and told apart', async () => {
    await using lb = await start(text);

    await lb.get('/', ZSTD);
    const plain = await lb.get();

    expect(statusOf(plain)).toContain('hit');
    expect(headerOf(plain, 'content-encoding')).toBeUndefined();
    expect(headerOf(plain, 'vary')).toBe('Accept-Encoding');
    expect(headerOf(plain, 'etag')).toBe('"abc"');
    expect(plain.body).toBe(text);
  });

  test('comes to those who wait for it in the coding of each', async () => {
    await using lb = await start(text);

    const answers = await Promise.all(
      ['zstd', 'br', 'gzip', 'identity'].map((each) => lb.get('/', [`Accept-Encoding: ${each}`])),
    );

    expect(answers.map(decoded)).toEqual([text, text, text, text]);
    expect(lb.backend.requests).toHaveLength(1);
  });

  test('is confirmed to a client that has it compressed, by the name under which it has it', async () => {
    await using lb = await start(text);
    await lb.get('/', ZSTD);

    const answer = await lb.get('/', [...ZSTD, 'If-None-Match: W/"abc"']);

    expect(answer.status).toBe(304);
    expect(headerOf(answer, 'etag')).toBe('W/"abc"');
    expect(headerOf(answer, 'vary')).toBe('Accept-Encoding');
  });

  test('gives parts of itself as it came', async () => {
    await using lb = await start(text);
    await lb.get('/', ZSTD);

    const part = await lb.get('/', [...ZSTD, 'Range: bytes=0-9']);

    expect(part.status).toBe(206);
    expect(headerOf(part, 'content-encoding')).toBeUndefined();
    expect(part.body).toBe(text.slice(0, 10));
  });

  test('has the same head for HEAD', async () => {
    await using lb = await start(text);
    await lb.get('/', ZSTD);

    const head = await lb.get('/', ZSTD, 'HEAD');

    expect(statusOf(head)).toContain('hit');
    expect(headerOf(head, 'content-encoding')).toBe('zstd');
    expect(head.body).toBe('');
  });
});

test('what is kept compressed counts as a part of the cache', async () => {
  const text = jsonBody(20_000).toString();
  await using lb = await start(text, '{ maxSize: 24KiB, maxObject: 24KiB }');
  await lb.get('/', ZSTD);

  await lb.get('/', ZSTD);
  const third = await lb.get('/', ZSTD);

  // With it the answer takes more than there is.
  expect(statusOf(third)).toBe('lb; fwd=uri-miss; stored');
});
