/** Tries that take too long: `timeout` in `retries.on`, and `retries.perTryTimeout`. */
import { describe, expect, test } from '@jest/globals';
import { accessLines } from '../support/access-lines.ts';
import { eventually } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw, GET } from '../support/raw-peer.ts';
import { answers, ok, scriptedBackend, sends } from '../support/scripted-backend.ts';
import { stoppedListener } from '../support/stopped-listener.ts';
import { startWorker } from '../support/worker-harness.ts';

const SILENT = sends('');

describe('no answer in time', () => {
  test('is tried again with timeout in retries.on', async () => {
    await using silent = await scriptedBackend(SILENT);
    await using well = await scriptedBackend(answers(ok('well')));
    await using worker = await startWorker(
      poolYaml([silent.url, well.url], {
        policy: 'round_robin',
        timeouts: { response: '400ms' },
        retries: { on: ['timeout'] },
      }),
    );

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('well');
    await silent.peers[0]?.untilEnded();
    await eventually(() => {
      expect(metricTotal(worker.messages, 'lb_retries_total', 'timeout')).toBe(1);
      expect(metricTotal(worker.messages, 'lb_backend_errors_total', 'timeout')).toBe(1);
    });
  });

  test('is not without it: 504', async () => {
    await using silent = await scriptedBackend(SILENT);
    await using worker = await startWorker(
      poolYaml([silent.url], { timeouts: { response: '100ms' } }),
    );

    expect((await askOnce(worker.port, GET)).status).toBe(504);
    expect(silent.peers).toHaveLength(1);
  });
});

describe('perTryTimeout', () => {
  test('ends each try, and is tried again whatever retries.on says', async () => {
    await using log = await accessLines();
    await using a = await scriptedBackend(SILENT);
    await using b = await scriptedBackend(SILENT);
    await using worker = await startWorker(
      log.yaml + poolYaml([a.url, b.url], { retries: { perTryTimeout: '100ms', on: ['connect'] } }),
    );

    const answer = await askOnce(worker.port, GET);

    expect(answer.status).toBe(504);
    expect([a.peers.length, b.peers.length]).toEqual([1, 1]);
    const [line] = await log.atLeast(1);
    expect(line).toMatchObject({ status: 504, reason: 'response_timeout', tries: 2 });
    expect(Number(line?.['total_ms'])).toBeGreaterThanOrEqual(199);
    expect(Number(line?.['total_ms'])).toBeLessThan(2_000);
  });

  test('does not end an answer that has begun', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeMessage();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfour');
      setTimeout(() => peer.send('more'), 300);
    });
    await using worker = await startWorker(
      poolYaml([backend.url], { retries: { perTryTimeout: '100ms' } }),
    );

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('fourmore');
  });

  test('holds for connecting as well, and the backend keeps its place', async () => {
    await using stopped = await stoppedListener();
    await using well = await scriptedBackend(answers(ok('well')));
    await using worker = await startWorker(
      poolYaml([stopped.url, well.url], {
        policy: 'round_robin',
        retries: { perTryTimeout: '400ms' },
      }),
    );

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('well');
    expect(worker.messages.some(({ type }) => type === 'backend-failed')).toBe(false);
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_retries_total', 'timeout')).toBe(1),
    );
  });

  test("ends with the route's timeout, which holds over all tries", async () => {
    await using silent = await scriptedBackend(SILENT);
    await using worker = await startWorker(
      poolYaml([silent.url], { retries: { perTryTimeout: '100ms', attempts: 10 } }) +
        'routes: [{ pool: web, timeout: 250ms }]\n',
    );

    const startedMs = performance.now();
    const answer = await askOnce(worker.port, GET);

    expect(answer.status).toBe(504);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(silent.peers.length).toBeLessThanOrEqual(3);
  });
});

describe('the wait before a retry', () => {
  const BUSY = 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n';
  // Nobody draws a wait below 100 ms of up to an hour.
  const retries = { on: [503], backoff: { base: '1h', max: '1h' } };

  test('is none when another backend is left', async () => {
    await using bad = await scriptedBackend(answers(BUSY));
    await using well = await scriptedBackend(answers(ok('well')));
    await using worker = await startWorker(
      poolYaml([bad.url, well.url], { policy: 'round_robin', retries }),
    );

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('well');
  });

  test('ends with the client', async () => {
    await using log = await accessLines();
    await using backend = await scriptedBackend(answers(BUSY));
    await using worker = await startWorker(log.yaml + poolYaml([backend.url], { retries }));
    using client = await connectRaw(worker.port);
    client.send(GET);
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_backend_requests_total', '503')).toBe(1),
    );

    client.reset();
    const [line] = await log.atLeast(1);

    expect(line).toMatchObject({ status: 499, reason: 'client_closed', tries: 1 });
    expect(backend.peers).toHaveLength(1);
    await eventually(() => {
      expect(metricTotal(worker.messages, 'lb_retries_total')).toBe(0);
      expect(metricTotal(worker.messages, 'lb_http_requests_in_flight')).toBe(0);
    });
  });

  test("ends with the route's timeout", async () => {
    await using backend = await scriptedBackend(answers(BUSY));
    await using worker = await startWorker(
      `${poolYaml([backend.url], { retries })}routes: [{ pool: web, timeout: 200ms }]\n`,
    );

    expect((await askOnce(worker.port, GET)).status).toBe(504);
  });
});
