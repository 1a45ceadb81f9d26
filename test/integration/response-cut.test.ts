/** Answers that do not come to their end: the client is told so, in time, and never believes that it has all of it. */
import { describe, expect, test } from '@jest/globals';
import { parseMessage, valueOf } from '../support/http-message.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw, GET } from '../support/raw-peer.ts';
import {
  answers,
  ok,
  type Script,
  scriptedBackend,
  sends,
  sendsAndEnds,
  sendsAndResets,
} from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const GET_1_0 = 'GET / HTTP/1.0\r\n\r\n';
const COUNTED = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n';
const TO_THE_CLOSE = 'HTTP/1.1 200 OK\r\n\r\nhalf';

const TRUNCATED: readonly (readonly [what: string, script: Script])[] = [
  ['a counted body, then FIN', sendsAndEnds(COUNTED)],
  ['a counted body, then RST', sendsAndResets(COUNTED)],
  ['chunks, then FIN', sendsAndEnds(CHUNKED)],
  ['chunks, then RST', sendsAndResets(CHUNKED)],
  ['half a chunk, then FIN', sendsAndEnds(`${CHUNKED}ff\r\nmore`)],
  ['chunks, then something that is none', sends(`${CHUNKED}zz\r\n`)],
  ['a chunk that is longer than it said', sends(`${CHUNKED}2\r\nmore\r\n0\r\n\r\n`)],
  ['a body up to the close, then RST', sendsAndResets(TO_THE_CLOSE)],
];

describe('a backend that sends half of', () => {
  test.each(TRUNCATED)(
    '%s: a client of HTTP/1.1 sees that it is not whole',
    async (_what, script) => {
      await using backend = await scriptedBackend([script, answers(ok('well'))]);
      await using worker = await startWorker(poolYaml([backend.url]));

      using client = await connectRaw(worker.port);
      client.send(GET);
      await client.untilEnded();
      const cut = parseMessage(client.bytes);
      const next = await askOnce(worker.port, GET);

      // Head and fault may have come in one packet: then there is not even a head.
      expect(cut?.framing).not.toBe('close');
      expect(cut?.isComplete ?? false).toBe(false);
      expect(next.body.toString()).toBe('well');
    },
  );

  test('chunks, then something that is none, later: what came before reaches the client', async () => {
    await using backend = await scriptedBackend(sends(CHUNKED));
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(GET);
    await client.untilText('half');

    backend.peers[0]?.send('zz\r\n');
    await client.untilEnded();

    expect(parseMessage(client.bytes)).toMatchObject({ framing: 'chunked', isComplete: false });
  });

  test.each(TRUNCATED)(
    '%s: a client of HTTP/1.0 sees that it is not whole',
    async (_what, script) => {
      await using backend = await scriptedBackend(script);
      await using worker = await startWorker(poolYaml([backend.url]));

      using client = await connectRaw(worker.port);
      client.send(GET_1_0);
      await client.untilEnded();

      // Where the length is known it says so; where the end of the connection is the end of the body, only a reset does.
      expect(client.wasReset || /content-length: 100/i.test(client.text)).toBe(true);
    },
  );
});

describe('deadlines', () => {
  test('answers 504 after timeouts.response when a backend says nothing', async () => {
    await using backend = await scriptedBackend([sends(''), answers(ok('well'))]);
    await using worker = await startWorker(
      poolYaml([backend.url], { timeouts: { response: '300ms' } }),
    );

    const startedMs = performance.now();
    const late = await askOnce(worker.port, GET);
    const ms = performance.now() - startedMs;

    expect(late.status).toBe(504);
    expect(valueOf(late.fields, 'proxy-status')).toContain('details="response_timeout"');
    expect(ms).toBeGreaterThanOrEqual(295);
    expect(ms).toBeLessThan(600);
    await backend.peers[0]?.untilEnded();
  });

  test('answers 504 when a backend stops within its head', async () => {
    await using backend = await scriptedBackend(sends('HTTP/1.1 200 OK\r\nX: '));
    await using worker = await startWorker(
      poolYaml([backend.url], { timeouts: { response: '100ms' } }),
    );

    expect((await askOnce(worker.port, GET)).status).toBe(504);
  });

  test('interim answers do not put the deadline off', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeHead();
      const timer = setInterval(() => peer.send('HTTP/1.1 102 Processing\r\n\r\n'), 20);
      await peer.untilEnded();
      clearInterval(timer);
    });
    await using worker = await startWorker(
      poolYaml([backend.url], { timeouts: { response: '200ms' } }),
    );

    using client = await connectRaw(worker.port);
    client.send(GET);
    await client.untilEnded();

    expect(client.text).toContain('HTTP/1.1 504 ');
  });

  test.each([
    ['counted', COUNTED],
    ['chunked', CHUNKED],
    ['delimited by the close', TO_THE_CLOSE],
  ])('cuts a %s body after timeouts.idle without a byte', async (_what, begun) => {
    await using backend = await scriptedBackend(sends(begun));
    await using worker = await startWorker(
      poolYaml([backend.url], { timeouts: { idle: '200ms' } }),
    );

    const cut = await askOnce(worker.port, GET);

    expect(cut).toMatchObject({ status: 200, isComplete: false });
    expect(cut.framing).not.toBe('close');
    await backend.peers[0]?.untilEnded();
  });

  test('a body that keeps coming is not cut, however long it takes', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeHead();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n');
      let sent = 0;
      const timer = setInterval(() => {
        peer.send('x');
        if (++sent === 10) clearInterval(timer);
      }, 50);
    });
    await using worker = await startWorker(
      poolYaml([backend.url], { timeouts: { idle: '250ms', response: '250ms' } }),
    );

    expect(await askOnce(worker.port, GET)).toMatchObject({ isComplete: true });
  });

  test('the time of a route ends a request that is still waiting for its answer with 504', async () => {
    await using backend = await scriptedBackend(sends(''));
    await using worker = await startWorker(
      `routes: [{ match: { paths: ["/*"] }, pool: web, timeout: 100ms }]\n${poolYaml([backend.url])}`,
    );

    expect((await askOnce(worker.port, GET)).status).toBe(504);
    await backend.peers[0]?.untilEnded();
  });

  test('and cuts one whose answer has begun', async () => {
    await using backend = await scriptedBackend(sends(CHUNKED));
    await using worker = await startWorker(
      `routes: [{ match: { paths: ["/*"] }, pool: web, timeout: 200ms }]\n${poolYaml([backend.url])}`,
    );

    expect(await askOnce(worker.port, GET)).toMatchObject({ status: 200, isComplete: false });
    await backend.peers[0]?.untilEnded();
  });
});
