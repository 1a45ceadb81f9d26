/** Slow requests that go to a second backend: who wins, what becomes of the other try, and what is never hedged. */
import { describe, expect, test } from '@jest/globals';
import { accessLines } from '../support/access-lines.ts';
import { eventually } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw, GET, type RawPeer } from '../support/raw-peer.ts';
import {
  answers,
  closedPort,
  ok,
  type Script,
  scriptedBackend,
  sends,
} from '../support/scripted-backend.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

const SILENT = sends('');
const BUSY = 'HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy';

/** The first backend of the list gets the first try. */
const hedged = (pool: object = {}, hedge: object = {}): object => ({
  policy: 'round_robin',
  hedge: { after: '60ms', ...hedge },
  ...pool,
});

/** Answers each request when it is told to. */
function patient(): { readonly script: Script; answer(bytes: string): void } {
  const waiting: RawPeer[] = [];
  return {
    script: async (peer) => {
      while ((await peer.takeMessage()) !== undefined) waiting.push(peer);
    },
    answer: (bytes) => waiting.shift()?.send(bytes),
  };
}

async function nothingLeft({ messages }: Harness): Promise<void> {
  await eventually(() => {
    expect(metricTotal(messages, 'lb_backend_in_flight')).toBe(0);
    expect(metricTotal(messages, 'lb_http_requests_in_flight')).toBe(0);
    expect(metricTotal(messages, 'lb_http_requests_total')).toBeGreaterThan(0);
  });
}

describe('a request that is slow', () => {
  test('is answered by the second backend, and the first try is cancelled and held against nobody', async () => {
    await using log = await accessLines();
    await using slow = await scriptedBackend(SILENT);
    await using fast = await scriptedBackend(answers(ok('fast')));
    await using worker = await startWorker(log.yaml + poolYaml([slow.url, fast.url], hedged()));

    const answer = await askOnce(worker.port, GET);
    await slow.peers[0]?.untilEnded();

    expect(answer.body.toString()).toBe('fast');
    const [line] = await log.atLeast(1);
    expect(line).toMatchObject({ status: 200, tries: 2, backend: `127.0.0.1:${fast.port}` });
    await nothingLeft(worker);
    expect(metricTotal(worker.messages, 'lb_retries_total', 'hedge')).toBe(1);
    expect(metricTotal(worker.messages, 'lb_backend_errors_total')).toBe(0);
    expect(metricTotal(worker.messages, 'lb_backend_requests_total', '200')).toBe(1);
  });

  test('is answered by the first backend if that is first after all, and the hedge is cancelled', async () => {
    const first = patient();
    await using slow = await scriptedBackend(first.script);
    await using slower = await scriptedBackend(SILENT);
    await using worker = await startWorker(poolYaml([slow.url, slower.url], hedged()));
    const asked = askOnce(worker.port, GET);
    await eventually(() => expect(slower.peers).toHaveLength(1));

    first.answer(ok('first'));
    await slower.peers[0]?.untilEnded();

    expect((await asked).body.toString()).toBe('first');
    await nothingLeft(worker);
    expect(metricTotal(worker.messages, 'lb_backend_errors_total')).toBe(0);
  });

  test('has its body from the winner alone', async () => {
    const body = 'x'.repeat(300_000);
    await using slow = await scriptedBackend(SILENT);
    await using fast = await scriptedBackend(answers(ok(body)));
    await using worker = await startWorker(poolYaml([slow.url, fast.url], hedged()));

    for (let i = 0; i < 3; i++) {
      expect((await askOnce(worker.port, GET)).body.toString()).toBe(body);
    }
  });

  test('is not sent to a third', async () => {
    const last = patient();
    await using a = await scriptedBackend(SILENT);
    await using b = await scriptedBackend(last.script);
    await using c = await scriptedBackend(SILENT);
    await using worker = await startWorker(poolYaml([a.url, b.url, c.url], hedged()));
    const asked = askOnce(worker.port, GET);
    await eventually(() => expect(b.peers).toHaveLength(1));

    setTimeout(() => last.answer(ok('b')), 300);

    expect((await asked).body.toString()).toBe('b');
    expect(c.peers).toHaveLength(0);
  });

  test('and whose client leaves: both tries are cancelled', async () => {
    await using a = await scriptedBackend(SILENT);
    await using b = await scriptedBackend(SILENT);
    await using worker = await startWorker(poolYaml([a.url, b.url], hedged()));
    using client = await connectRaw(worker.port);
    client.send(GET);
    await eventually(() => expect(b.peers).toHaveLength(1));

    client.reset();
    await Promise.all([a.peers[0]?.untilEnded(), b.peers[0]?.untilEnded()]);

    await nothingLeft(worker);
  });
});

describe('when one of the two fails', () => {
  test('the first: the hedge is waited for, without another try', async () => {
    const second = patient();
    await using first = await scriptedBackend(async (peer) => {
      await peer.takeMessage();
      await eventually(() => expect(hedge.peers).toHaveLength(1));
      peer.reset();
    });
    await using hedge = await scriptedBackend(second.script);
    await using worker = await startWorker(poolYaml([first.url, hedge.url], hedged()));
    const asked = askOnce(worker.port, GET);
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_backend_errors_total', 'reset')).toBe(1),
    );

    second.answer(ok('hedge'));

    expect((await asked).body.toString()).toBe('hedge');
    await nothingLeft(worker);
    expect(first.peers.length + hedge.peers.length).toBe(2);
    expect(metricTotal(worker.messages, 'lb_retries_total', 'reset')).toBe(0);
  });

  test('the hedge: the first is waited for', async () => {
    const patience = patient();
    await using first = await scriptedBackend(patience.script);
    const refusing = `http://127.0.0.1:${await closedPort()}`;
    await using worker = await startWorker(poolYaml([first.url, refusing], hedged()));
    const asked = askOnce(worker.port, GET);
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_backend_errors_total', 'connect')).toBe(1),
    );

    patience.answer(ok('first'));

    expect((await asked).body.toString()).toBe('first');
    await nothingLeft(worker);
    expect(worker.messages.filter(({ type }) => type === 'backend-failed')).toHaveLength(1);
  });

  test('both: the request is tried again on a third, as any that failed', async () => {
    const resetsTogether: Script = async (peer) => {
      await peer.takeMessage();
      await eventually(() => expect([a.peers.length, b.peers.length]).toEqual([1, 1]));
      peer.reset();
    };
    await using a = await scriptedBackend(resetsTogether);
    await using b = await scriptedBackend(resetsTogether);
    await using well = await scriptedBackend(answers(ok('well')));
    await using worker = await startWorker(poolYaml([a.url, b.url, well.url], hedged()));

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('well');
    await nothingLeft(worker);
  });

  test('a status in retries.on does not win, whoever it is of', async () => {
    const first = patient();
    await using slow = await scriptedBackend(first.script);
    await using busy = await scriptedBackend(answers(BUSY));
    await using worker = await startWorker(
      poolYaml([slow.url, busy.url], hedged({ retries: { on: [503] } })),
    );
    const asked = askOnce(worker.port, GET);
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_backend_requests_total', '503')).toBe(1),
    );

    first.answer(ok('first'));

    expect((await asked).body.toString()).toBe('first');
    await nothingLeft(worker);
  });

  test('a status in retries.on of the first: the hedge is waited for', async () => {
    const [first, second] = [patient(), patient()];
    await using busy = await scriptedBackend(first.script);
    await using slow = await scriptedBackend(second.script);
    await using worker = await startWorker(
      poolYaml([busy.url, slow.url], hedged({ retries: { on: [503] } })),
    );
    const asked = askOnce(worker.port, GET);
    await eventually(() => expect(slow.peers).toHaveLength(1));
    first.answer(BUSY);
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_backend_requests_total', '503')).toBe(1),
    );

    second.answer(ok('hedge'));

    expect((await asked).body.toString()).toBe('hedge');
    await nothingLeft(worker);
  });
});

describe('what is not hedged', () => {
  const late: Script = async (peer) => {
    while ((await peer.takeMessage()) !== undefined) setTimeout(() => peer.send(ok('late')), 250);
  };
  const body = (bytes: string): string =>
    GET.replace('\r\n\r\n', `\r\nContent-Length: ${bytes.length}\r\n\r\n${bytes}`);

  test.each([
    ['a method that hedge.methods does not name', GET.replace('GET', 'OPTIONS')],
    ['a body that is not kept', body('x'.repeat(2_000))],
  ])('%s', async (_what, request) => {
    await using a = await scriptedBackend(late);
    await using b = await scriptedBackend(late);
    await using worker = await startWorker(
      poolYaml([a.url, b.url], hedged({ retries: { bufferBody: '1KiB' } })),
    );

    expect((await askOnce(worker.port, request)).body.toString()).toBe('late');
    expect(a.peers.length + b.peers.length).toBe(1);
  });

  test('a request to the only backend', async () => {
    await using backend = await scriptedBackend(late);
    await using worker = await startWorker(poolYaml([backend.url], hedged()));

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('late');
    expect(backend.peers).toHaveLength(1);
  });

  test('a request beyond the budget', async () => {
    await using a = await scriptedBackend(late);
    await using b = await scriptedBackend(late);
    await using worker = await startWorker(
      poolYaml([a.url, b.url], hedged({ retries: { budget: { percent: 0, min: 0 } } })),
    );

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('late');
    expect(a.peers.length + b.peers.length).toBe(1);
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_retries_refused_total', 'budget')).toBe(1),
    );
  });

  test('a request whose body is kept, on the other hand, is', async () => {
    await using slow = await scriptedBackend(SILENT);
    await using fast = await scriptedBackend(async (peer) => {
      const request = await peer.takeMessage();
      peer.send(ok(`got ${request?.body.toString()}`));
    });
    await using worker = await startWorker(poolYaml([slow.url, fast.url], hedged()));

    expect((await askOnce(worker.port, body('hello'))).body.toString()).toBe('got hello');
  });
});

describe('hedge.after: p95', () => {
  test('hedges nothing before it knows what is slow, and then what takes longer than 95 % of the answers', async () => {
    let delayMs = 0;
    const varying: Script = async (peer) => {
      while ((await peer.takeMessage()) !== undefined) {
        if (delayMs === 0) peer.send(ok('fast'));
        else setTimeout(() => peer.send(ok('slow')), delayMs);
      }
    };
    await using a = await scriptedBackend(varying);
    await using b = await scriptedBackend(answers(ok('fast')));
    await using worker = await startWorker(poolYaml([a.url, b.url], hedged({}, { after: 'p95' })));
    const hedges = (): number => metricTotal(worker.messages, 'lb_retries_total', 'hedge');
    delayMs = 200;
    const unknown = await askOnce(worker.port, GET);
    delayMs = 0;
    for (let i = 0; i < 60; i++) await askOnce(worker.port, GET);
    await eventually(() => expect(metricTotal(worker.messages, 'lb_http_requests_total')).toBe(61));
    const before = hedges();

    delayMs = 5_000;
    const startedMs = performance.now();
    for (let i = 0; i < 2; i++)
      expect((await askOnce(worker.port, GET)).body.toString()).toBe('fast');

    expect(unknown.body.toString()).toBe('slow');
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    await eventually(() => expect(hedges()).toBeGreaterThan(before));
  });
});
