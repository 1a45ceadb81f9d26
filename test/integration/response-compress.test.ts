/** Answers of routes that compress, as clients get them. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, settled } from '../support/eventually.ts';
import { type Front, startFront } from '../support/front.ts';
import { type HttpMessage, parseMessage, valueOf } from '../support/http-message.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw, type RawAnswer } from '../support/raw-peer.ts';
import { scriptedBackend, sends, sendsAndEnds } from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const SMALL = JSON.stringify(Array.from({ length: 40 }, (_, id) => ({ id, name: `item ${id}` })));
const LARGE = Array.from({ length: 20_000 }, (_, i) => `line ${i * i}\n`).join('');
const COMPRESS = 'routes: [{ pool: web, compress: true }]\n';

const DECODE: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  zstd: zlib.zstdDecompressSync,
  br: zlib.brotliDecompressSync,
  gzip: zlib.gunzipSync,
};

/** A request whose connection ends with its answer. */
function get(path: string, more = '', method = 'GET'): string {
  return `${method} ${path} HTTP/1.1\r\nHost: site\r\n${more}Connection: close\r\n\r\n`;
}

const takes = (accept: string): string => `Accept-Encoding: ${accept}\r\n`;

function names({ fields }: HttpMessage): string[] {
  return fields.map(([name]) => name.toLowerCase());
}

/** The body as text, out of whatever it is in. */
function decoded({ fields, body }: HttpMessage): string {
  const encoding = valueOf(fields, 'content-encoding');
  return (encoding === undefined ? body : (DECODE[encoding]?.(body) ?? body)).toString();
}

describe('an answer', () => {
  let front: Front;

  beforeAll(async () => {
    front = await startFront({
      config: COMPRESS,
      respond: ({ target, method }) => {
        const body = target === '/large' ? LARGE : SMALL;
        return (
          `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: "abc"\r\nAccept-Ranges: bytes\r\n` +
          `Content-Length: ${body.length}\r\n\r\n${method === 'HEAD' ? '' : body}`
        );
      },
    });
  });

  afterAll(async () => {
    await front[Symbol.asyncDispose]();
  });

  const ask = (text: string, isHead = false): Promise<RawAnswer> =>
    askOnce(front.port, text, isHead);

  test.each([
    ['zstd', '/small', SMALL],
    ['br', '/small', SMALL],
    ['gzip', '/small', SMALL],
    ['zstd', '/large', LARGE],
    ['br', '/large', LARGE],
    ['gzip', '/large', LARGE],
  ])('in %s of %s is smaller and the same', async (encoding, path, text) => {
    const answer = await ask(get(path, takes(encoding)));

    expect(answer).toMatchObject({ status: 200, framing: 'chunked', isComplete: true });
    expect(valueOf(answer.fields, 'content-encoding')).toBe(encoding);
    expect(valueOf(answer.fields, 'vary')).toBe('Accept-Encoding');
    expect(valueOf(answer.fields, 'etag')).toBe('W/"abc"');
    expect(names(answer)).not.toContain('content-length');
    expect(names(answer)).not.toContain('accept-ranges');
    expect(answer.body.length).toBeLessThan(text.length / 2);
    expect(decoded(answer)).toBe(text);
  });

  test('for a client that takes no encoding passes, and says that it varies', async () => {
    const answer = await ask(get('/small'));

    expect(answer).toMatchObject({ framing: 'length', isComplete: true });
    expect(answer.body.toString()).toBe(SMALL);
    expect(names(answer)).not.toContain('content-encoding');
    expect(valueOf(answer.fields, 'vary')).toBe('Accept-Encoding');
    expect(valueOf(answer.fields, 'etag')).toBe('"abc"');
  });

  test('to HEAD has the fields of the one to GET, and no body', async () => {
    const [one, other] = await Promise.all([
      ask(get('/large', takes('br'))),
      ask(get('/large', takes('br'), 'HEAD'), true),
    ]);

    const told = names(one).filter((name) => name !== 'transfer-encoding');
    expect(names(other)).toEqual(told);
    expect(valueOf(other.fields, 'content-encoding')).toBe('br');
  });

  test.each([
    ['/small', SMALL],
    ['/large', LARGE],
  ])('to a client of HTTP/1.0, of %s, ends with the connection', async (path, text) => {
    const answer = await ask(`GET ${path} HTTP/1.0\r\n${takes('gzip')}\r\n`);

    expect(answer.framing).toBe('close');
    expect(decoded(answer)).toBe(text);
  });

  test('leaves the connection to the next request', async () => {
    using client = await connectRaw(front.port);
    for (const path of ['/large', '/small', '/large']) {
      client.send(`GET ${path} HTTP/1.1\r\nHost: site\r\n${takes('gzip')}\r\n`);

      const answer = await client.takeMessage();

      expect(answer === undefined ? '' : decoded(answer)).toBe(path === '/large' ? LARGE : SMALL);
    }
  });

  test('is counted, with the bytes before and after', async () => {
    const count = (metric: Parameters<typeof metricTotal>[1], label: string): number =>
      metricTotal(front.worker.messages, metric, label);
    await ask(get('/large', takes('gzip')));

    await eventually(() => expect(count('lb_compress_answers_total', 'gzip')).toBeGreaterThan(0));
    const bytesIn = await eventually(() => {
      const bytes = count('lb_compress_bytes_total', 'in');
      expect(bytes).toBeGreaterThanOrEqual(LARGE.length);
      return bytes;
    });

    expect(count('lb_compress_bytes_total', 'out')).toBeGreaterThan(0);
    expect(count('lb_compress_bytes_total', 'out')).toBeLessThan(bytesIn / 2);
  });
});

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n';

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** What can be read of an answer in gzip that is not over. */
function readable(bytes: Buffer): string {
  const body = parseMessage(bytes)?.body ?? Buffer.alloc(0);
  if (body.length === 0) return '';
  return zlib.gunzipSync(body, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString();
}

describe('a slow answer', () => {
  test('is not held back: each piece can be read before the next is sent', async () => {
    await using backend = await scriptedBackend(sends(HEAD));
    await using worker = await startWorker(`${COMPRESS}${poolYaml([backend.url])}`);
    using client = await connectRaw(worker.port);
    client.send(get('/', takes('gzip')));
    // The head does not wait for a body either.
    await client.untilText('\r\n\r\n');

    for (const piece of ['first ', 'second ', 'third ']) {
      backend.peers[0]?.send(chunk(piece));
      await client.until(({ bytes }) => readable(bytes).endsWith(piece), piece);
    }
    backend.peers[0]?.send('0\r\nX-Sum: 7\r\nContent-Digest: x\r\n\r\n');
    await client.untilEnded();

    const answer = parseMessage(client.bytes);
    expect(answer).toMatchObject({ isComplete: true, trailers: [['X-Sum', '7']] });
    expect(zlib.gunzipSync(answer?.body ?? '').toString()).toBe('first second third ');
  });

  test.each([
    ['passes', 'true', undefined],
    ['is compressed where that is wished for', '{ types: [text/event-stream] }', 'gzip'],
  ])('of events %s, each at once', async (_what, compress, encoding) => {
    await using backend = await scriptedBackend(sends(HEAD.replace('plain', 'event-stream')));
    await using worker = await startWorker(
      `routes: [{ pool: web, compress: ${compress} }]\n${poolYaml([backend.url])}`,
    );
    using client = await connectRaw(worker.port);
    client.send(get('/', takes('gzip')));
    const read = (bytes: Buffer): string =>
      encoding === undefined ? bytes.toString() : readable(bytes);
    await client.untilText('\r\n\r\n');

    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      backend.peers[0]?.send(chunk(event));
      await client.until(({ bytes }) => read(bytes).includes(event), event);
    }

    const { fields } = parseMessage(client.bytes) ?? { fields: [] };
    expect(valueOf(fields, 'content-encoding')).toBe(encoding);
  });

  test('that waits for its session is compressed like any other', async () => {
    const text = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: sid=1\r\nContent-Length: ${SMALL.length}\r\n\r\n${SMALL}`;
    await using backend = await scriptedBackend(sends(text));
    await using worker = await startWorker(
      `${COMPRESS}${poolYaml([backend.url], { sticky: { mode: 'learn', cookie: 'sid' } })}`,
    );

    const answer = await askOnce(worker.port, get('/', takes('br')));

    expect(valueOf(answer.fields, 'content-encoding')).toBe('br');
    expect(decoded(answer)).toBe(SMALL);
  });
});

describe('when a backend dies in the middle of a body', () => {
  test.each([
    ['that was too short to begin with', 'half of it '],
    ['that was under way', LARGE.slice(0, 150_000)],
  ])('%s, the client never sees the end of one', async (_what, half) => {
    await using backend = await scriptedBackend(sendsAndEnds(`${HEAD}${chunk(half)}`));
    await using worker = await startWorker(`${COMPRESS}${poolYaml([backend.url])}`);
    using client = await connectRaw(worker.port);
    client.send(get('/', takes('gzip')));
    await client.untilEnded();

    const cut = parseMessage(client.bytes);

    expect(cut?.isComplete ?? false).toBe(false);
    expect(() => zlib.gunzipSync(cut?.body ?? Buffer.alloc(0))).toThrow();
  });

  test('a client of HTTP/1.0 is reset', async () => {
    await using backend = await scriptedBackend(sends(`${HEAD}${chunk('half of it ')}`));
    await using worker = await startWorker(`${COMPRESS}${poolYaml([backend.url])}`);
    using client = await connectRaw(worker.port);
    client.send(`GET / HTTP/1.0\r\n${takes('gzip')}\r\n`);
    await client.until(({ bytes }) => readable(bytes) === 'half of it ', 'the half');

    backend.peers[0]?.end();
    await client.untilClosed();

    expect(client.wasReset).toBe(true);
  });
});

describe('when a client', () => {
  const MIB = 1024 * 1024;
  /** Farther apart than zstd looks back here: it does not get smaller. */
  const NOISE = randomBytes(MIB);
  const TOTAL = 64 * MIB;
  /** What kernel, streams and zlib may hold: far from the whole, however they are tuned. */
  const HELD = 32 * MIB;

  test('leaves, the backend is let go and the compressor is gone', async () => {
    await using backend = await scriptedBackend(sends(`${HEAD}${chunk(LARGE)}`));
    await using worker = await startWorker(`${COMPRESS}${poolYaml([backend.url])}`);
    using client = await connectRaw(worker.port);
    client.send(get('/', takes('gzip')));
    await client.until(({ bytes }) => readable(bytes).length > 0, 'the beginning');

    client.reset();

    await backend.peers[0]?.untilEnded();
    // Counted once nothing more comes of it.
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_compress_bytes_total', 'in')).toBeGreaterThan(0),
    );
  });

  test('does not read, the backend is held back; then all of it arrives', async () => {
    let sent = 0;
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeHead();
      peer.send(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${TOTAL}\r\n\r\n`);
      while (sent < TOTAL) {
        sent += NOISE.length;
        if (!peer.socket.write(NOISE)) await once(peer.socket, 'drain');
      }
    });
    await using worker = await startWorker(`${COMPRESS}${poolYaml([backend.url])}`);
    const headers = { 'accept-encoding': 'zstd' };
    const request = http.get({ port: worker.port, agent: false, headers });
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage];

    const heldBack = await settled(() => sent);
    let received = 0;
    for await (const piece of answer.pipe(zlib.createZstdDecompress()))
      received += (piece as Buffer).length;

    expect(heldBack).toBeLessThan(HELD);
    expect(received).toBe(TOTAL);
  });
});
