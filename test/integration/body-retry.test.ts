/** Bodies and second tries: replayed to the byte, or not at all; and clients that leave. */
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { accessLines } from '../support/access-lines.ts';
import { eventually } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw, GET, type RawPeer } from '../support/raw-peer.ts';
import {
  answers,
  ok,
  type Script,
  scriptedBackend,
  sends,
  sendsAndResets,
} from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const answersWithHash: Script = async (peer) => {
  const request = await peer.takeMessage();
  if (request !== undefined) peer.send(ok(sha256(request.body)));
};

async function put(port: number, head: string, ...parts: readonly Buffer[]): Promise<RawPeer> {
  const client = await connectRaw(port);
  client.send(`PUT / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n${head}\r\n\r\n`);
  for (const part of parts) client.send(part);
  return client;
}

const chunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

describe('a second try', () => {
  test.each([1, 1024, 64 * 1024])('has a body of %i bytes to the byte', async (size) => {
    const body = randomBytes(size);
    await using bad = await scriptedBackend(sendsAndResets(''));
    await using good = await scriptedBackend(answersWithHash);
    await using worker = await startWorker(
      poolYaml([bad.url, good.url], { policy: 'round_robin' }),
    );

    using client = await put(worker.port, `Content-Length: ${size}`, body);
    const answer = await client.takeMessage();

    expect(bad.peers).toHaveLength(1);
    expect(answer?.body.toString()).toBe(sha256(body));
  });

  test('has a chunked body with its trailers', async () => {
    const body = randomBytes(10_000);
    await using bad = await scriptedBackend(sendsAndResets(''));
    await using good = await scriptedBackend(async (peer) => {
      const request = await peer.takeMessage();
      const { framing, trailers = [], body: got = Buffer.alloc(0) } = request ?? {};
      peer.send(ok(JSON.stringify([framing, trailers, sha256(got)])));
    });
    await using worker = await startWorker(
      poolYaml([bad.url, good.url], { policy: 'round_robin' }),
    );

    using client = await put(
      worker.port,
      'Transfer-Encoding: chunked\r\nTrailer: X-Sum',
      chunk(body.subarray(0, 3_000)),
      chunk(body.subarray(3_000)),
      Buffer.from('0\r\nX-Sum: 1\r\n\r\n'),
    );
    const answer = await client.takeMessage();

    expect(JSON.parse(answer?.body.toString() ?? '')).toEqual([
      'chunked',
      [['X-Sum', '1']],
      sha256(body),
    ]);
  });

  test('has what came before it and what comes after', async () => {
    const [before, after] = [randomBytes(5_000), randomBytes(7_000)];
    await using bad = await scriptedBackend(async (peer) => {
      await peer.takeHead();
      await peer.until(({ bytes }) => bytes.length >= 5_000, 'the first part');
      peer.reset();
    });
    await using good = await scriptedBackend(answersWithHash);
    await using worker = await startWorker(
      poolYaml([bad.url, good.url], { policy: 'round_robin' }),
    );

    using client = await put(worker.port, 'Transfer-Encoding: chunked', chunk(before));
    await eventually(() => expect(good.peers).toHaveLength(1));
    client.send(Buffer.concat([chunk(after), LAST_CHUNK]));
    const answer = await client.takeMessage();

    expect(answer?.body.toString()).toBe(sha256(Buffer.concat([before, after])));
  });

  test('is not made for a body larger than bufferBody that was sent already', async () => {
    await using bad = await scriptedBackend(sendsAndResets(''));
    await using good = await scriptedBackend(answersWithHash);
    await using worker = await startWorker(
      poolYaml([bad.url, good.url], { policy: 'round_robin', retries: { bufferBody: '16KiB' } }),
    );

    using client = await put(worker.port, 'Content-Length: 20000', randomBytes(20_000));
    const answer = await client.takeMessage();

    expect(answer?.startLine).toContain(' 502 ');
    expect(good.peers).toHaveLength(0);
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_retries_refused_total', 'body')).toBe(1),
    );
  });

  test('is made for a large body of which nothing was sent', async () => {
    const body = randomBytes(300_000);
    const refusing = await scriptedBackend(answersWithHash);
    await refusing[Symbol.asyncDispose]();
    await using good = await scriptedBackend(answersWithHash);
    await using worker = await startWorker(
      poolYaml([refusing.url, good.url], { policy: 'round_robin' }),
    );

    using client = await put(worker.port, 'Content-Length: 300000');
    await eventually(() => expect(good.peers).toHaveLength(1));
    client.send(body);
    const answer = await client.takeMessage();

    expect(answer?.body.toString()).toBe(sha256(body));
  });
});

describe('a client that leaves', () => {
  const leave = {
    FIN: (client: RawPeer) => client.end(),
    RST: (client: RawPeer) => client.reset(),
  };
  const POST = 'POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 100\r\n\r\nhalf';

  test.each([
    ['FIN', 'while it waits for the answer', GET, sends('')],
    ['RST', 'while it waits for the answer', GET, sends('')],
    [
      'FIN',
      'in the middle of the answer',
      GET,
      sends('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    ],
    [
      'RST',
      'in the middle of the answer',
      GET,
      sends('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    ],
    ['RST', 'in the middle of its body', POST, sends('')],
  ] as const)(
    'by %s %s: the backend sees it at once, the log says 499',
    async (end, _when, request, script) => {
      await using log = await accessLines();
      await using backend = await scriptedBackend(script);
      await using worker = await startWorker(log.yaml + poolYaml([backend.url]));
      const client = await connectRaw(worker.port);
      client.send(request);
      await eventually(() => expect(backend.peers).toHaveLength(1));
      if (_when.includes('answer') && _when.includes('middle')) await client.untilText('half');
      else if (request === POST) await backend.peers[0]?.untilText('half');

      leave[end](client);
      await backend.peers[0]?.untilEnded();
      const [line] = await log.atLeast(1);

      expect(line).toMatchObject({ status: 499, reason: 'client_closed', tries: 1 });
      await eventually(() => {
        expect(metricTotal(worker.messages, 'lb_http_requests_total', '499')).toBe(1);
        expect(metricTotal(worker.messages, 'lb_backend_in_flight')).toBe(0);
        expect(metricTotal(worker.messages, 'lb_backend_connections')).toBe(0);
        expect(metricTotal(worker.messages, 'lb_http_requests_in_flight')).toBe(0);
      });
      expect(metricTotal(worker.messages, 'lb_backend_errors_total')).toBe(0);
    },
  );

  test('by FIN in the middle of its body: the backend sees no end of it, and nobody is answered', async () => {
    await using backend = await scriptedBackend(sends(''));
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(POST);
    await eventually(() => expect(backend.peers).toHaveLength(1));
    await backend.peers[0]?.untilText('half');

    client.end();
    await backend.peers[0]?.untilEnded();
    await client.untilEnded();

    expect(client.text).toBe('');
  });

  test('after its answer is whole: the connection to the backend is kept', async () => {
    await using backend = await scriptedBackend(answers(ok('ok')));
    await using worker = await startWorker(poolYaml([backend.url]));

    for (let i = 0; i < 3; i++) {
      using client = await connectRaw(worker.port);
      client.send('GET / HTTP/1.1\r\nHost: s\r\n\r\n');
      await client.takeMessage();
      client.reset();
    }

    expect((await askOnce(worker.port, GET)).status).toBe(200);
    expect(backend.peers).toHaveLength(1);
  });
});

test('a backend that dies in the middle of an answer is logged with its reason', async () => {
  await using log = await accessLines();
  await using backend = await scriptedBackend(
    sendsAndResets('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
  );
  await using worker = await startWorker(log.yaml + poolYaml([backend.url]));
  using client = await connectRaw(worker.port);
  client.send(GET);
  await client.untilEnded();

  const [line] = await log.atLeast(1);

  expect(line).toMatchObject({ status: 200, reason: 'reset', bytes: 4 });
});
