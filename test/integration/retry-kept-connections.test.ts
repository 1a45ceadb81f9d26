/** Connections to backends that are kept: used again, given up, and lost under a request. */
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, GET } from '../support/raw-peer.ts';
import { answers, ok, scriptedBackend } from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const POST = 'POST / HTTP/1.1\r\nHost: s\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody';

describe('a kept connection', () => {
  const oneAnswerThen =
    (end: 'FIN' | 'RST') => async (peer: Parameters<ReturnType<typeof answers>>[0]) => {
      await peer.takeMessage();
      peer.send(ok('first'));
      await peer.takeMessage();
      if (end === 'FIN') peer.end();
      else peer.reset();
    };

  test.each(['FIN', 'RST'] as const)(
    'that the backend closes (%s) as a GET arrives: tried again, and that is no attempt',
    async (end) => {
      await using backend = await scriptedBackend([oneAnswerThen(end), answers(ok('second'))]);
      await using worker = await startWorker(poolYaml([backend.url], { retries: { attempts: 0 } }));
      await askOnce(worker.port, GET);

      expect((await askOnce(worker.port, GET)).body.toString()).toBe('second');
      await eventually(() => {
        expect(metricTotal(worker.messages, 'lb_retries_total', 'stale')).toBe(1);
        expect(metricTotal(worker.messages, 'lb_retries_total')).toBe(1);
      });
    },
  );

  test('that the backend closes as a POST arrives: 502, and not sent again', async () => {
    await using backend = await scriptedBackend([oneAnswerThen('RST'), answers(ok('second'))]);
    await using worker = await startWorker(poolYaml([backend.url]));
    await askOnce(worker.port, GET);

    expect((await askOnce(worker.port, POST)).status).toBe(502);
    expect(backend.peers).toHaveLength(1);
  });

  test.each([
    ['GET', GET],
    ['POST', POST],
  ])('that the backend closed while it was idle is not used for a %s', async (_method, request) => {
    await using backend = await scriptedBackend([
      async (peer) => {
        await peer.takeMessage();
        peer.send(ok('first'));
      },
      answers(ok('second')),
    ]);
    await using worker = await startWorker(poolYaml([backend.url], { retries: { attempts: 0 } }));
    await askOnce(worker.port, GET);

    backend.peers[0]?.end();
    await backend.peers[0]?.untilEnded();

    expect((await askOnce(worker.port, request)).body.toString()).toBe('second');
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_backend_requests_total')).toBe(2),
    );
    expect(metricTotal(worker.messages, 'lb_retries_total')).toBe(0);
    expect(metricTotal(worker.messages, 'lb_backend_connections')).toBe(1);
  });

  test('serves many requests', async () => {
    await using backend = await scriptedBackend(answers(ok('again')));
    await using worker = await startWorker(poolYaml([backend.url]));

    for (let i = 0; i < 20; i++) await askOnce(worker.port, GET);

    expect(backend.peers).toHaveLength(1);
  });

  test('is closed after connections.idleTimeout', async () => {
    await using backend = await scriptedBackend(answers(ok('ok')));
    await using worker = await startWorker(
      poolYaml([backend.url], { connections: { idleTimeout: '150ms' } }),
    );
    await askOnce(worker.port, GET);

    await backend.peers[0]?.untilEnded();

    expect(backend.peers[0]?.wasReset).toBe(false);
  });

  test('is not closed under a request that takes longer than connections.idleTimeout', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeMessage();
      setTimeout(() => peer.send(ok('slow')), 400);
    });
    await using worker = await startWorker(
      poolYaml([backend.url], { connections: { idleTimeout: '100ms' } }),
    );

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('slow');
  });

  test('connections.max holds: one request after the other', async () => {
    await using backend = await scriptedBackend(answers(ok('ok')));
    await using worker = await startWorker(poolYaml([backend.url], { connections: { max: 1 } }));

    const all = await Promise.all(Array.from({ length: 10 }, () => askOnce(worker.port, GET)));

    expect(all.every(({ status }) => status === 200)).toBe(true);
    expect(backend.peers).toHaveLength(1);
  });
});
