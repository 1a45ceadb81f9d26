/** Copies of requests for another pool: what they are, and that no request is the worse for them. */
import { describe, expect, test } from '@jest/globals';
import type { MirrorResult } from '@lb/shared/metrics/catalog';
import { eventually } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { ask, RawClient, requestText } from '../support/raw-client.ts';
import {
  okAnswer,
  type RecordingBackend,
  type Respond,
  startRecordingBackend,
} from '../support/recording-backend.ts';
import { valuesOf } from '../support/strict-request-parser.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

interface Mirrored extends AsyncDisposable {
  readonly port: number;
  readonly worker: Harness;
  readonly web: RecordingBackend;
  readonly shadow: RecordingBackend;
  /** Takes over other settings, as a reload does. */
  apply(options: MirroredOptions): void;
  counted(result: MirrorResult): number;
}

interface MirroredOptions {
  readonly mirror?: object;
  /** Other keys of the route, and of the pool that gets the copies. */
  readonly route?: object;
  readonly pool?: object;
  /** What the one that gets the copies answers. */
  readonly respond?: Respond;
  readonly shadowUrl?: string;
}

/** Two backends, of which the second gets copies. */
async function startMirrored(options: MirroredOptions = {}): Promise<Mirrored> {
  const web = await startRecordingBackend();
  const shadow = await startRecordingBackend(options.respond);
  const yaml = ({ mirror = {}, route = {}, pool = {} }: MirroredOptions): string => {
    const copies = { backends: [options.shadowUrl ?? shadow.url], ...pool };
    const pools = { web: { backends: [web.url] }, shadow: copies };
    const routes = [{ pool: 'web', mirror: { pool: 'shadow', ...mirror }, ...route }];
    return `pools: ${JSON.stringify(pools)}\nroutes: ${JSON.stringify(routes)}\n`;
  };
  const worker = await startWorker(yaml(options));
  return {
    port: worker.port,
    worker,
    web,
    shadow,
    apply: (other) => worker.apply(yaml(other)),
    counted: (result) =>
      metricTotal(worker.messages, 'lb_mirror_requests_total', 'route-0', result),
    async [Symbol.asyncDispose]() {
      for (const part of [worker, web, shadow]) await part[Symbol.asyncDispose]();
    },
  };
}

const post = (body: string, fields: readonly string[] = []): string =>
  `${requestText('POST /upload', [...fields, `Content-Length: ${body.length}`])}${body}`;

describe('a copy', () => {
  test.each([
    ['a GET', requestText('GET /a?b=c', ['X-Custom: 1', 'Cookie: a=b'])],
    ['a HEAD', requestText('HEAD /a')],
    ['a body', post('hello')],
    ['an empty body', post('')],
    [
      'a body in chunks, with trailers',
      `${requestText('PUT /a', ['Transfer-Encoding: chunked', 'Trailer: X-Sum'])}3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n`,
    ],
  ])('of %s is what the backend of the request gets', async (_, text) => {
    await using mirrored = await startMirrored({
      route: { rewrite: { addPrefix: '/v1' }, headers: { request: { set: { 'X-Set': 'y' } } } },
    });
    const { port, web, shadow } = mirrored;
    await ask(port, text);

    await eventually(() => expect(shadow.requests).toHaveLength(1));
    expect(shadow.violations).toEqual([]);
    expect(shadow.only).toEqual(web.only);
    expect(valuesOf(shadow.only, 'x-request-id')).toHaveLength(1);
    await eventually(() => expect(mirrored.counted('answered')).toBe(1));
  });

  test('of a body that comes bit by bit is sent when it is whole', async () => {
    await using mirrored = await startMirrored();
    const { port, web, shadow } = mirrored;
    using client = await RawClient.connect(port);
    client.send(`${requestText('POST /', ['Content-Length: 10'])}hello`);
    await eventually(() => expect(String(web.connections[0])).toMatch(/hello$/));
    expect(shadow.connections).toHaveLength(0);
    client.send('world');
    await client.response();
    await eventually(() => expect(shadow.only.body).toBe('helloworld'));
  });

  test('is made of so many percent of the requests', async () => {
    await using mirrored = await startMirrored({ mirror: { percent: 30 } });
    for (let i = 0; i < 200; i++) await ask(mirrored.port, requestText(`GET /${i}`));
    await eventually(() => {
      const { length } = mirrored.shadow.requests;
      expect(length).toBe(mirrored.counted('answered'));
      expect(length).toBeGreaterThan(30);
      expect(length).toBeLessThan(90);
    });
  });

  test.each([
    ['with 0 percent', { mirror: { percent: 0 } }, requestText('GET /')],
    ['of what is refused', { route: { access: { deny: ['127.0.0.1'] } } }, requestText('GET /')],
    ['of an upgrade', {}, requestText('GET /', ['Connection: Upgrade', 'Upgrade: websocket'])],
  ])('is not made %s', async (_, options, text) => {
    await using mirrored = await startMirrored(options);
    await ask(mirrored.port, text);
    // Its copy would have come before that of the next one.
    mirrored.apply({});
    await ask(mirrored.port, requestText('GET /last'));
    await eventually(() => expect(mirrored.shadow.requests).not.toEqual([]));
    expect(mirrored.shadow.only.target).toBe('/last');
  });
});

describe('a request is answered as ever', () => {
  test('while the mirrored pool is dead, and that costs its backend alone', async () => {
    await using gone = await startRecordingBackend();
    await gone[Symbol.asyncDispose]();
    await using mirrored = await startMirrored({ shadowUrl: gone.url });
    for (let i = 0; i < 5; i++) {
      expect((await ask(mirrored.port, requestText('GET /'))).status).toBe(200);
      await eventually(() => expect(mirrored.counted('failed')).toBe(1));
    }
    await eventually(() => expect(mirrored.counted('no_backend')).toBe(4));
    const { messages } = mirrored.worker;
    expect(messages).toContainEqual(expect.objectContaining({ type: 'backend-failed', slot: 1 }));
    expect(metricTotal(messages, 'lb_backend_errors_total', 'shadow', 'connect')).toBe(1);
    expect(metricTotal(messages, 'lb_backend_errors_total', 'web')).toBe(0);
    expect(metricTotal(messages, 'lb_backend_in_flight', 'shadow')).toBe(0);
  });

  test('while the mirrored pool is silent, which gets a hundred copies and no more', async () => {
    await using mirrored = await startMirrored({ respond: () => undefined });
    const answers = await Promise.all(
      Array.from({ length: 110 }, (_, i) => ask(mirrored.port, requestText(`GET /${i}`))),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 110 }, () => 200));
    await eventually(() => {
      expect(mirrored.counted('busy')).toBe(10);
      expect(mirrored.shadow.requests).toHaveLength(100);
    });
  });

  test.each<[string, Respond, MirrorResult]>([
    ['answers nonsense', () => 'nonsense\r\n\r\n', 'failed'],
    ['breaks off', () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz', 'failed'],
    ['never ends', () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'answered'],
    ['fails', () => okAnswer('no').replace('200 OK', '500 Oh'), 'answered'],
    ['is long', () => okAnswer('x'.repeat(1_000_000)), 'answered'],
  ])('while the mirrored backend %s', async (_, respond, result) => {
    await using mirrored = await startMirrored({
      respond,
      pool: { timeouts: { response: '200ms' } },
    });
    const answer = await ask(mirrored.port, requestText('GET /a'));
    expect([answer.status, answer.body]).toEqual([200, 'GET /a']);
    await eventually(() => expect(mirrored.counted(result)).toBe(1));
    const { messages } = mirrored.worker;
    expect(metricTotal(messages, 'lb_backend_in_flight', 'shadow')).toBe(0);
  });

  test.each([
    ['announced', post('x'.repeat(2_000))],
    [
      'in chunks',
      `${requestText('POST /', ['Transfer-Encoding: chunked'])}7d0\r\n${'x'.repeat(2_000)}\r\n0\r\n\r\n`,
    ],
  ])('with a body that is too large for a copy, %s', async (_, text) => {
    await using mirrored = await startMirrored({ pool: { retries: { bufferBody: '1KiB' } } });
    expect((await ask(mirrored.port, text)).status).toBe(200);
    expect(mirrored.web.only.body).toHaveLength(2_000);
    await eventually(() => expect(mirrored.counted('too_large')).toBe(1));
    expect(mirrored.shadow.connections).toHaveLength(0);
  });

  test('with a body where the mirrored pool keeps none', async () => {
    await using mirrored = await startMirrored({ pool: { retries: { bufferBody: '0B' } } });
    expect((await ask(mirrored.port, post('x'))).status).toBe(200);
    await eventually(() => expect(mirrored.counted('too_large')).toBe(1));
  });
});

test('a request whose client leaves in the middle of its body has no copy', async () => {
  await using mirrored = await startMirrored();
  using client = await RawClient.connect(mirrored.port);
  client.send(`${requestText('POST /', ['Content-Length: 10'])}hello`);
  await eventually(() => expect(mirrored.web.connections).toHaveLength(1));
  client.socket.destroy();
  await eventually(() => expect(mirrored.counted('incomplete')).toBe(1));
  expect(mirrored.shadow.connections).toHaveLength(0);
});

test('copies that are in flight are counted on through a reload', async () => {
  await using mirrored = await startMirrored({ respond: () => undefined });
  const { port, shadow } = mirrored;
  const send = (count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, () => ask(port, requestText('GET /'))));
  await send(60);
  await eventually(() => expect(shadow.requests).toHaveLength(60));
  mirrored.apply({ route: { timeout: '9s' } });
  await send(60);
  await eventually(() => expect(mirrored.counted('busy')).toBe(20));
});
