/** What is tried again and where: on real sockets, with backends that fail as they do in life. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { valueOf } from '../support/http-message.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, GET } from '../support/raw-peer.ts';
import {
  answers,
  closedPort,
  ok,
  scriptedBackend,
  type ScriptedBackend,
  sendsAndEnds,
  sendsAndResets,
} from '../support/scripted-backend.ts';
import { stoppedListener } from '../support/stopped-listener.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

const POST = 'POST / HTTP/1.1\r\nHost: s\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody';
const KEYED_POST = POST.replace('\r\n\r\n', '\r\nIdempotency-Key: 7\r\n\r\n');
const IN_ORDER = { policy: 'round_robin' };

const failedSlots = ({ messages }: Harness): number[] =>
  messages.flatMap((message) => (message.type === 'backend-failed' ? [message.slot] : []));
const connectionsOf = (...backends: readonly ScriptedBackend[]): number =>
  backends.reduce((sum, { peers }) => sum + peers.length, 0);

describe('a backend that refuses connections', () => {
  test('is left out at once, its request goes to another, and the primary is told once', async () => {
    await using well = await scriptedBackend(answers(ok('well')));
    const refusing = `http://127.0.0.1:${await closedPort()}`;
    await using worker = await startWorker(poolYaml([refusing, well.url], IN_ORDER));

    const answersSeen = [];
    for (let i = 0; i < 6; i++) answersSeen.push((await askOnce(worker.port, GET)).body.toString());

    expect(answersSeen).toEqual(Array.from({ length: 6 }, () => 'well'));
    expect(failedSlots(worker)).toEqual([0]);
    await eventually(() => {
      expect(metricTotal(worker.messages, 'lb_backend_errors_total', 'connect')).toBe(1);
      expect(metricTotal(worker.messages, 'lb_retries_total', 'connect')).toBe(1);
    });
  });

  test('many requests at once tell the primary once', async () => {
    await using well = await scriptedBackend(answers(ok('well')));
    const refusing = `http://127.0.0.1:${await closedPort()}`;
    await using worker = await startWorker(poolYaml([refusing, well.url], IN_ORDER));

    const all = await Promise.all(Array.from({ length: 20 }, () => askOnce(worker.port, GET)));

    expect(all.every(({ status }) => status === 200)).toBe(true);
    expect(failedSlots(worker)).toEqual([0]);
  });

  test('gets traffic again when the primary says that it is up', async () => {
    await using backend = await scriptedBackend(answers(ok('well')));
    await using worker = await startWorker(poolYaml([backend.url]));
    worker.setState(0, 'down');
    const down = await askOnce(worker.port, GET);

    worker.setState(0, 'up');

    expect(down.status).toBe(503);
    expect((await askOnce(worker.port, GET)).status).toBe(200);
  });

  test('and is the only one: 502 for the request that found out, 503 with Retry-After for the next', async () => {
    await using worker = await startWorker(poolYaml([`http://127.0.0.1:${await closedPort()}`]));

    const first = await askOnce(worker.port, GET);
    const second = await askOnce(worker.port, GET);

    expect(first.status).toBe(502);
    expect(valueOf(first.fields, 'proxy-status')).toContain('details="connect_failed"');
    expect(second.status).toBe(503);
    expect(Number(valueOf(second.fields, 'retry-after'))).toBeGreaterThan(0);
  });
});

test('a backend that does not take the connection in time is left out like one that refuses', async () => {
  await using silent = await stoppedListener();
  await using well = await scriptedBackend(answers(ok('well')));
  await using worker = await startWorker(
    poolYaml([silent.url, well.url], { ...IN_ORDER, timeouts: { connect: '200ms' } }),
  );

  const startedMs = performance.now();
  const answer = await askOnce(worker.port, GET);

  expect(answer.body.toString()).toBe('well');
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  expect(failedSlots(worker)).toEqual([0]);
});

describe('a connection that is reset before a byte of the answer', () => {
  test.each([
    ['RST', sendsAndResets('')],
    ['FIN', sendsAndEnds('')],
  ])('%s: a GET is tried on another backend, which keeps its place', async (_what, script) => {
    await using bad = await scriptedBackend(script);
    await using well = await scriptedBackend(answers(ok('well')));
    await using worker = await startWorker(poolYaml([bad.url, well.url], IN_ORDER));

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('well');
    expect(failedSlots(worker)).toEqual([]);
  });

  test('a POST is not: 502, and no backend has it twice', async () => {
    await using first = await scriptedBackend(sendsAndResets(''));
    await using second = await scriptedBackend(sendsAndResets(''));
    await using worker = await startWorker(poolYaml([first.url, second.url]));

    const answer = await askOnce(worker.port, POST);

    expect(answer.status).toBe(502);
    expect(valueOf(answer.fields, 'proxy-status')).toContain('details="reset"');
    expect(connectionsOf(first, second)).toBe(1);
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_retries_refused_total', 'method')).toBe(1),
    );
  });

  test('a POST with Idempotency-Key is', async () => {
    await using bad = await scriptedBackend(sendsAndResets(''));
    await using well = await scriptedBackend(async (peer) => {
      const request = await peer.takeMessage();
      peer.send(ok(`well ${request?.body.toString()}`));
    });
    await using worker = await startWorker(poolYaml([bad.url, well.url], IN_ORDER));

    expect((await askOnce(worker.port, KEYED_POST)).body.toString()).toBe('well body');
  });

  test('the only backend is asked again', async () => {
    await using backend = await scriptedBackend([sendsAndResets(''), answers(ok('well'))]);
    await using worker = await startWorker(poolYaml([backend.url]));

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('well');
  });
});

describe('attempts', () => {
  test.each([0, 1, 2, 3])('%i: that many tries beyond the first', async (attempts) => {
    await using a = await scriptedBackend(sendsAndResets(''));
    await using b = await scriptedBackend(sendsAndResets(''));
    await using c = await scriptedBackend(sendsAndResets(''));
    await using worker = await startWorker(
      poolYaml([a.url, b.url, c.url], { retries: { attempts } }),
    );

    expect((await askOnce(worker.port, GET)).status).toBe(502);
    expect(connectionsOf(a, b, c)).toBe(attempts + 1);
    for (const { peers } of [a, b, c])
      expect(peers.length).toBeLessThanOrEqual(Math.ceil((attempts + 1) / 3));
  });

  test('retries.on without reset: a reset is not tried again', async () => {
    await using a = await scriptedBackend(sendsAndResets(''));
    await using b = await scriptedBackend(sendsAndResets(''));
    await using worker = await startWorker(
      poolYaml([a.url, b.url], { retries: { on: ['connect'] } }),
    );

    expect((await askOnce(worker.port, GET)).status).toBe(502);
    expect(connectionsOf(a, b)).toBe(1);
  });

  test('retries.methods without GET: a GET is not tried again', async () => {
    await using a = await scriptedBackend(sendsAndResets(''));
    await using worker = await startWorker(poolYaml([a.url], { retries: { methods: ['PUT'] } }));

    expect((await askOnce(worker.port, GET)).status).toBe(502);
    expect(a.peers).toHaveLength(1);
  });

  test('a 503 of a backend is an answer like any other', async () => {
    await using a = await scriptedBackend(answers('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'));
    await using worker = await startWorker(poolYaml([a.url]));

    expect((await askOnce(worker.port, GET)).startLine).toBe('HTTP/1.1 503 No');
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_backend_requests_total', '503')).toBe(1),
    );
  });
});

describe('who gets traffic', () => {
  test('a backup only when no other is left', async () => {
    await using main = await scriptedBackend(answers(ok('main')));
    await using spare = await scriptedBackend(answers(ok('spare')));
    await using worker = await startWorker(poolYaml([main.url, { url: spare.url, backup: true }]));
    const before = (await askOnce(worker.port, GET)).body.toString();

    worker.setState(0, 'down');
    const without = (await askOnce(worker.port, GET)).body.toString();
    worker.setState(0, 'up');
    const after = (await askOnce(worker.port, GET)).body.toString();

    expect([before, without, after]).toEqual(['main', 'spare', 'main']);
  });

  test('a backup also for the request that found the last other one gone', async () => {
    await using spare = await scriptedBackend(answers(ok('spare')));
    const gone = `http://127.0.0.1:${await closedPort()}`;
    await using worker = await startWorker(poolYaml([gone, { url: spare.url, backup: true }]));

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('spare');
  });

  test('none with weight 0, and 503 when it is the only one', async () => {
    await using off = await scriptedBackend(answers(ok('off')));
    await using on = await scriptedBackend(answers(ok('on')));
    const idle = { url: off.url, weight: 0 };
    await using worker = await startWorker(poolYaml([idle, on.url]));
    for (let i = 0; i < 10; i++) await askOnce(worker.port, GET);

    worker.setState(1, 'down');

    expect((await askOnce(worker.port, GET)).status).toBe(503);
    expect(off.peers).toHaveLength(0);
  });

  test('a backend on a unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lb-'));
    try {
      await using backend = await scriptedBackend(answers(ok('local')), join(directory, 's'));
      await using worker = await startWorker(poolYaml([backend.url]));

      const first = await askOnce(worker.port, GET);
      const second = await askOnce(worker.port, 'GET /a/../b?c HTTP/1.0\r\n\r\n');

      expect([first.body.toString(), second.body.toString()]).toEqual(['local', 'local']);
      expect(backend.peers).toHaveLength(1);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
