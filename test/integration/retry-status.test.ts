/** Answers that are no use when another can be had: statuses in `retries.on`. */
import { describe, expect, test } from '@jest/globals';
import { accessLines } from '../support/access-lines.ts';
import { eventually } from '../support/eventually.ts';
import { valueOf } from '../support/http-message.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw, GET } from '../support/raw-peer.ts';
import {
  answers,
  ok,
  type Script,
  scriptedBackend,
  sends,
  sendsAndResets,
} from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const BUSY = 'HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nRetry-After: 7\r\nX-Who: first\r\n\r\nbusy';
const inOrder = (retries: object, more: object = {}): object => ({
  policy: 'round_robin',
  retries,
  ...more,
});
const putOf = (body: string, fields = ''): string =>
  `PUT / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;

const echoes: Script = async (peer) => {
  const request = await peer.takeMessage();
  peer.send(ok(`got ${request?.body.toString()}`));
};

describe('a status in retries.on', () => {
  test.each([502, 503, 504, 429])('%i: another backend is asked', async (status) => {
    await using log = await accessLines();
    await using bad = await scriptedBackend(
      answers(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`),
    );
    await using well = await scriptedBackend(answers(ok('well')));
    await using worker = await startWorker(
      log.yaml + poolYaml([bad.url, well.url], inOrder({ on: [status] })),
    );

    const answer = await askOnce(worker.port, GET);

    expect(answer.body.toString()).toBe('well');
    expect(answer.fields).not.toContainEqual(['X-Who', 'first']);
    const [line] = await log.atLeast(1);
    expect(line).toMatchObject({ status: 200, tries: 2, backend: `127.0.0.1:${well.port}` });
    await eventually(() => {
      expect(metricTotal(worker.messages, 'lb_retries_total', String(status))).toBe(1);
      expect(metricTotal(worker.messages, 'lb_backend_requests_total', String(status))).toBe(1);
      expect(metricTotal(worker.messages, 'lb_backend_in_flight')).toBe(0);
    });
  });

  test('is one that is not named: the answer is for the client', async () => {
    await using bad = await scriptedBackend(answers(BUSY));
    await using well = await scriptedBackend(answers(ok('well')));
    await using worker = await startWorker(
      poolYaml([bad.url, well.url], inOrder({ on: ['reset', '504'] })),
    );

    expect((await askOnce(worker.port, GET)).startLine).toBe('HTTP/1.1 503 Busy');
    expect(well.peers).toHaveLength(0);
  });

  test('and no try left: the client gets the last answer as it is', async () => {
    await using a = await scriptedBackend(answers(BUSY.replace('first', 'a')));
    await using b = await scriptedBackend(answers(BUSY.replace('first', 'b')));
    await using worker = await startWorker(poolYaml([a.url, b.url], inOrder({ on: [503] })));

    const answer = await askOnce(worker.port, GET);

    expect(answer.startLine).toBe('HTTP/1.1 503 Busy');
    expect(answer.body.toString()).toBe('busy');
    expect(valueOf(answer.fields, 'retry-after')).toBe('7');
    expect(valueOf(answer.fields, 'x-who')).toBe('b');
    expect(valueOf(answer.fields, 'proxy-status')).toBeUndefined();
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_retries_refused_total', 'attempts')).toBe(1),
    );
  });

  test('attempts: 2 asks three backends', async () => {
    await using a = await scriptedBackend(answers(BUSY));
    await using b = await scriptedBackend(answers(BUSY));
    await using c = await scriptedBackend(answers(ok('well')));
    const retries = { on: ['503'], attempts: 2, backoff: { base: '1ms', max: '1ms' } };
    await using worker = await startWorker(poolYaml([a.url, b.url, c.url], inOrder(retries)));

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('well');
  });

  test('of the only backend: it is asked again, on the connection that brought the answer', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeMessage();
      peer.send(BUSY);
      await peer.takeMessage();
      peer.send(ok('well'));
    });
    const retries = { on: [503], backoff: { base: '20ms', max: '20ms' } };
    await using worker = await startWorker(poolYaml([backend.url], inOrder(retries)));

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('well');
    expect(backend.peers).toHaveLength(1);
  });

  test('whose body is still to come: that connection is closed', async () => {
    await using bad = await scriptedBackend(
      sends('HTTP/1.1 503 Busy\r\nContent-Length: 4000000\r\n\r\npart'),
    );
    await using well = await scriptedBackend(answers(ok('well')));
    await using worker = await startWorker(poolYaml([bad.url, well.url], inOrder({ on: [503] })));

    const answer = await askOnce(worker.port, GET);
    await bad.peers[0]?.untilEnded();

    expect(answer.body.toString()).toBe('well');
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_backend_errors_total', 'reset')).toBe(0),
    );
  });

  test('and the next try is reset: 502, for there is no answer any more', async () => {
    await using busy = await scriptedBackend(answers(BUSY));
    await using bad = await scriptedBackend(sendsAndResets(''));
    await using worker = await startWorker(poolYaml([busy.url, bad.url], inOrder({ on: [503] })));

    const answer = await askOnce(worker.port, GET);

    expect(answer.status).toBe(502);
    expect(valueOf(answer.fields, 'proxy-status')).toContain('details="reset"');
  });

  test('to HEAD as well', async () => {
    await using bad = await scriptedBackend(answers(BUSY.replace('busy', '')));
    await using well = await scriptedBackend(answers(ok('well', 'X-Who: well\r\n').slice(0, -4)));
    await using worker = await startWorker(poolYaml([bad.url, well.url], inOrder({ on: [503] })));

    const answer = await askOnce(worker.port, GET.replace('GET', 'HEAD'), true);

    expect(valueOf(answer.fields, 'x-who')).toBe('well');
  });
});

describe('a request with a body', () => {
  test('that was kept is sent to the next backend', async () => {
    await using bad = await scriptedBackend(answers(BUSY));
    await using well = await scriptedBackend(echoes);
    await using worker = await startWorker(poolYaml([bad.url, well.url], inOrder({ on: [503] })));

    expect((await askOnce(worker.port, putOf('hello'))).body.toString()).toBe('got hello');
  });

  test('that is refused by its head alone is sent whole to the next backend', async () => {
    const busyAtOnce: Script = async (peer) => {
      await peer.takeHead();
      peer.send(BUSY);
    };
    await using bad = await scriptedBackend(busyAtOnce);
    await using well = await scriptedBackend(echoes);
    await using worker = await startWorker(poolYaml([bad.url, well.url], inOrder({ on: [503] })));

    using client = await connectRaw(worker.port);
    client.send(putOf('hello').slice(0, -3));
    await eventually(() => expect(well.peers).toHaveLength(1));
    client.send('llo');
    const answer = await client.takeMessage();

    expect(answer?.body.toString()).toBe('got hello');
  });

  test('too large to be kept gets the answer', async () => {
    await using bad = await scriptedBackend(answers(BUSY));
    await using well = await scriptedBackend(echoes);
    await using worker = await startWorker(
      poolYaml([bad.url, well.url], inOrder({ on: [503], bufferBody: '1KiB' })),
    );

    const answer = await askOnce(worker.port, putOf('x'.repeat(2_000)));

    expect(answer.startLine).toBe('HTTP/1.1 503 Busy');
    expect(well.peers).toHaveLength(0);
  });

  test.each([
    ['503', BUSY],
    ['a reset', undefined],
    ['no answer in time', ''],
  ])('by POST has it never twice: %s', async (_what, bytes) => {
    const script = bytes === undefined ? sendsAndResets('') : sends(bytes);
    await using a = await scriptedBackend(script);
    await using b = await scriptedBackend(script);
    const on = ['connect', 'reset', 'timeout', 502, 503, 504, 429];
    await using worker = await startWorker(
      poolYaml([a.url, b.url], {
        retries: { on, attempts: 5, perTryTimeout: '100ms' },
        hedge: { after: '1ms' },
      }),
    );

    await askOnce(worker.port, putOf('once').replace('PUT', 'POST'));

    expect(a.peers.length + b.peers.length).toBe(1);
  });

  test('by POST with an Idempotency-Key is tried again', async () => {
    await using bad = await scriptedBackend(answers(BUSY));
    await using well = await scriptedBackend(echoes);
    await using worker = await startWorker(poolYaml([bad.url, well.url], inOrder({ on: [503] })));
    const post = putOf('hello', 'Idempotency-Key: 7\r\n').replace('PUT', 'POST');

    expect((await askOnce(worker.port, post)).body.toString()).toBe('got hello');
  });
});

describe('a session whose backend is busy', () => {
  test.each([
    ['cookie', { mode: 'cookie' }],
    ['table', { mode: 'table', key: 'header:X-User' }],
    ['learn', { mode: 'learn', cookie: 'SID' }],
  ])('gets an answer of another backend and stays where it is: %s', async (_mode, sticky) => {
    const home = ok('home', 'Set-Cookie: SID=1\r\n');
    const busyOnce: Script = async (peer) => {
      for (const bytes of [home, BUSY, home]) {
        await peer.takeMessage();
        peer.send(bytes);
      }
    };
    await using first = await scriptedBackend(busyOnce);
    await using second = await scriptedBackend(answers(ok('second')));
    await using worker = await startWorker(
      poolYaml([first.url, second.url], inOrder({ on: [503] }, { sticky })),
    );
    const user = GET.replace('\r\n\r\n', '\r\nX-User: 7\r\n\r\n');
    const begun = await askOnce(worker.port, user);
    const cookies = begun.fields
      .filter(([name]) => name.toLowerCase() === 'set-cookie')
      .map(([, value]) => value.split(';')[0]);
    const again = user.replace('\r\n\r\n', `\r\nCookie: ${cookies.join('; ')}\r\n\r\n`);

    const aside = await askOnce(worker.port, again);
    const after = await askOnce(worker.port, again);

    expect([begun, aside, after].map(({ body }) => body.toString())).toEqual([
      'home',
      'second',
      'home',
    ]);
    expect(valueOf(aside.fields, 'set-cookie')).toBeUndefined();
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_sticky_total', 'rebound')).toBe(0),
    );
  });

  test('begins with the backend that answered when it is new', async () => {
    await using first = await scriptedBackend(answers(BUSY));
    await using second = await scriptedBackend(answers(ok('second')));
    await using worker = await startWorker(
      poolYaml([first.url, second.url], inOrder({ on: [503] }, { sticky: { mode: 'cookie' } })),
    );
    const begun = await askOnce(worker.port, GET);
    const cookie = valueOf(begun.fields, 'set-cookie')?.split(';')[0];

    for (let i = 0; i < 3; i++) {
      const request = GET.replace('\r\n\r\n', `\r\nCookie: ${cookie}\r\n\r\n`);
      expect((await askOnce(worker.port, request)).body.toString()).toBe('second');
    }

    expect(first.peers).toHaveLength(1);
  });
});
