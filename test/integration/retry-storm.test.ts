/** The budget of retries: what it holds back, and what it never does. */
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, GET } from '../support/raw-peer.ts';
import {
  answers,
  closedPort,
  ok,
  type Script,
  scriptedBackend,
} from '../support/scripted-backend.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

const BUSY = 'HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy';

const triesSeen = ({ messages }: Harness): number =>
  metricTotal(messages, 'lb_backend_requests_total');

/** @returns how many were answered with 200 */
async function ask(port: number, count: number, atOnce: number): Promise<number> {
  let left = count;
  let succeeded = 0;
  const client = async (): Promise<void> => {
    while (left > 0) {
      left--;
      if ((await askOnce(port, GET)).status === 200) succeeded++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  return succeeded;
}

describe('while every backend answers 503', () => {
  test.each([
    [1, 100],
    [20, 200],
    [100, 300],
  ])('%i clients at once cost 20 %% more requests, or three a second, at most', async (...row) => {
    const [atOnce, count] = row;
    await using a = await scriptedBackend(answers(BUSY));
    await using b = await scriptedBackend(answers(BUSY));
    await using worker = await startWorker(poolYaml([a.url, b.url], { retries: { on: [503] } }));

    const startedMs = performance.now();
    await ask(worker.port, count, atOnce);
    const seconds = (performance.now() - startedMs) / 1_000;

    await eventually(() => {
      const retried = metricTotal(worker.messages, 'lb_retries_total');
      expect(triesSeen(worker)).toBe(count + retried);
      expect(retried).toBeGreaterThan(0);
      expect(retried).toBeLessThanOrEqual(Math.max(count * 0.2, 3 * Math.ceil(seconds)));
      expect(metricTotal(worker.messages, 'lb_retries_refused_total', 'budget')).toBeGreaterThan(0);
    });
  });

  test('budget {percent: 0, min: 0}: none is retried, nor after a refused connection', async () => {
    await using a = await scriptedBackend(answers(BUSY));
    const refusing = `http://127.0.0.1:${await closedPort()}`;
    await using worker = await startWorker(
      poolYaml([refusing, a.url], {
        policy: 'round_robin',
        retries: { on: ['connect', 503], budget: { percent: 0, min: 0 } },
      }),
    );

    const statuses = [await askOnce(worker.port, GET), await askOnce(worker.port, GET)];

    expect(statuses.map(({ status }) => status)).toEqual([502, 503]);
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_retries_refused_total', 'budget')).toBe(2),
    );
  });
});

describe('retries that help', () => {
  test('are not held back by those before: half the backends answer 503, no request fails', async () => {
    await using bad = await scriptedBackend(answers(BUSY));
    await using well = await scriptedBackend(answers(ok('well')));
    await using worker = await startWorker(
      poolYaml([bad.url, well.url], { policy: 'round_robin', retries: { on: [503] } }),
    );

    expect(await ask(worker.port, 60, 2)).toBe(60);
  });

  test('of many requests that meet a backend which has died are all made', async () => {
    await using well = await scriptedBackend(answers(ok('well')));
    const refusing = `http://127.0.0.1:${await closedPort()}`;
    await using worker = await startWorker(
      poolYaml([refusing, well.url], {
        policy: 'round_robin',
        retries: { budget: { percent: 1, min: 1 } },
      }),
    );

    expect(await ask(worker.port, 50, 50)).toBe(50);
  });

  test('of other workers count: their places are taken here, too', async () => {
    const never: Script = answers(BUSY);
    await using a = await scriptedBackend(never);
    await using b = await scriptedBackend(never);
    await using worker = await startWorker(poolYaml([a.url, b.url], { retries: { on: [503] } }));
    worker.receive({
      lb: 1,
      type: 'load',
      inFlight: Uint32Array.of(3, 0),
      connections: {},
      retries: { web: 3 },
    });

    await askOnce(worker.port, GET);

    await eventually(() => {
      expect(metricTotal(worker.messages, 'lb_retries_refused_total', 'budget')).toBe(1);
      expect(metricTotal(worker.messages, 'lb_retries_total')).toBe(0);
    });
  });

  test('in vain are told to the other workers', async () => {
    await using a = await scriptedBackend(answers(BUSY));
    await using worker = await startWorker(
      poolYaml([a.url], { retries: { on: [503], backoff: { base: '1ms', max: '1ms' } } }),
    );

    await askOnce(worker.port, GET);

    await eventually(() => {
      const told = worker.messages.flatMap((message) =>
        message.type === 'load' ? [message.retries] : [],
      );
      expect(told).toContainEqual({ web: 1 });
      expect(told.at(-1)).toEqual({});
    });
  });
});
