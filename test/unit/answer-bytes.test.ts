/** Stored answers as bytes: what was written is read, and nothing else. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { crc32 } from 'node:zlib';
import {
  type AgedAnswer,
  answerFromBytes,
  answerToBytes,
} from '@lb/worker/internal/cache/answer-bytes';

const AGED: AgedAnswer = {
  ageMs: 1_500,
  answer: {
    status: 200,
    statusLine: 'HTTP/1.1 200 OK\r\n',
    lines: 'Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nX-Name: caf\u00e9\r\n',
    freshness: {
      receivedMs: 1_767_225_600_000,
      initialAgeMs: 10,
      lifetimeMs: 60_000,
      noCache: false,
      mayBeStale: true,
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 5_000,
      immutable: false,
    },
    vary: ['accept-encoding'],
    tags: ['pages'],
    etag: '"a"',
    lastModified: undefined,
    wasAuthorized: false,
    body: Buffer.from('body'),
  },
};

/** With a checksum that fits: as somebody would write it who means harm. */
function withHead(change: (head: Record<string, unknown>) => void): Buffer {
  const { body, ...head } = AGED.answer;
  const changed: Record<string, unknown> = { ...head, ageMs: 0 };
  change(changed);
  const text = Buffer.from(JSON.stringify(changed));
  const rest = Buffer.concat([Buffer.alloc(4), text, body]);
  rest.writeUInt32LE(text.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(rest));
  return Buffer.concat([Buffer.from('LBCA\u0001', 'latin1'), sum, rest]);
}

describe('a stored answer as bytes', () => {
  test('is read as it was written', () => {
    const read = answerFromBytes(answerToBytes(AGED));

    expect(read).toEqual(AGED);
  });

  test('is nothing when any byte of it is another one', () => {
    const bytes = answerToBytes(AGED);
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(change, ([place, by]) => {
        const damaged = Buffer.from(bytes);
        damaged[place] = (damaged[place] ?? 0) ^ by;
        expect(answerFromBytes(damaged)).toBeUndefined();
      }),
    );
  });

  test('is nothing when it breaks off, or goes on', () => {
    const bytes = answerToBytes(AGED);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        expect(answerFromBytes(bytes.subarray(0, length))).toBeUndefined();
      }),
    );
    expect(answerFromBytes(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined();
  });

  test('is nothing when it is anything', () => {
    const any = fc.uint8Array({ maxLength: 100 });
    fc.assert(
      fc.property(any, (bytes) => {
        expect(answerFromBytes(Buffer.from(bytes))).toBeUndefined();
        const begun = Buffer.concat([Buffer.from('LBCA\u0001', 'latin1'), bytes]);
        expect(answerFromBytes(begun)).toBeUndefined();
      }),
    );
  });

  test.each<[string, (head: Record<string, unknown>) => void]>([
    ['a line that ends another', (head) => (head['lines'] = 'A: b\r\n\r\nHTTP/1.1 200 OK\r\n')],
    ['a line without an end', (head) => (head['lines'] = 'A: b')],
    [
      'a status line with more lines',
      (head) => (head['statusLine'] = 'HTTP/1.1 200 OK\r\nA: b\r\n'),
    ],
    ['a status that is none', (head) => (head['status'] = 99)],
    ['an age below 0', (head) => (head['ageMs'] = -1)],
    [
      'a life that is no number',
      (head) => (head['freshness'] = { ...AGED.answer.freshness, lifetimeMs: null }),
    ],
    ['an ETag with a line end', (head) => (head['etag'] = '"a"\r\nSet-Cookie: a')],
    ['no names of fields', (head) => delete head['vary']],
  ])('is nothing with %s, though its checksum fits', (_, change) => {
    expect(answerFromBytes(withHead(() => undefined))).toBeDefined();
    expect(answerFromBytes(withHead(change))).toBeUndefined();
  });
});
