/** Traces of requests: what comes from clients, what goes to backends, and what a collector gets to see. */
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { ask, RawClient, requestText } from '../support/raw-client.ts';
import { okAnswer, startRecordingBackend } from '../support/recording-backend.ts';
import { answers, closedPort, ok, scriptedBackend, sends } from '../support/scripted-backend.ts';
import { valuesOf } from '../support/strict-request-parser.ts';
import { startTraced } from '../support/traced-front.ts';
import { startWorker } from '../support/worker-harness.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const parent = (flags: string): string => `00-${TRACE}-${SPAN}-${flags}`;
const traceparent = /^00-([\da-f]{32})-([\da-f]{16})-0([0-3])$/;

describe('while tracing is off', () => {
  test('the fields of a client pass as they are', async () => {
    await using backend = await startRecordingBackend();
    await using worker = await startWorker(poolYaml([backend.url]));

    await ask(
      worker.port,
      requestText('GET /', ['Traceparent: what ever', 'tracestate: A', 'tracestate: B']),
    );

    expect(valuesOf(backend.only, 'traceparent')).toEqual(['what ever']);
    expect(valuesOf(backend.only, 'tracestate')).toEqual(['A', 'B']);
  });
});

describe('a request', () => {
  test('begins a trace, in which the backend gets the span of its try', async () => {
    await using backend = await startRecordingBackend();
    await using front = await startTraced(poolYaml([backend.url]));

    const { body } = await ask(
      front.port,
      requestText('GET /a?key=secret', ['User-Agent: me', 'tracestate: a=1']),
    );
    const collector = await front.collected();

    const [request] = collector.requests;
    const tries = collector.below(request);
    const [field = ''] = valuesOf(backend.only, 'traceparent');
    expect(traceparent.exec(field)?.slice(1)).toEqual([request?.traceId, tries[0]?.spanId, '3']);
    expect(valuesOf(backend.only, 'tracestate')).toEqual([]);
    expect(request?.parentSpanId).toBeUndefined();
    expect(request).toMatchObject({
      name: 'GET default',
      status: {},
      attributes: {
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'url.path': '/a',
        'http.route': 'default',
        'http.response.status_code': '200',
        'server.address': 'lb.test',
        'server.port': '80',
        'client.address': '127.0.0.1',
        'user_agent.original': 'me',
        'network.protocol.version': '1.1',
        'lbctl.request_id': valuesOf(backend.only, 'x-request-id')[0],
        'lbctl.pool': 'web',
        'lbctl.tries': '1',
        'http.response.body.size': String(body.length),
      },
    });
    expect(tries).toHaveLength(1);
    expect(tries[0]).toMatchObject({
      name: 'GET web',
      kind: 3,
      attributes: {
        'url.full': `${backend.url}/a`,
        'server.address': '127.0.0.1',
        'http.response.status_code': '200',
        'lbctl.try': 'try',
      },
    });
    expect(JSON.stringify(collector.spans)).not.toContain('secret');
  });

  test('goes on with the trace of its client, and takes less time than it says', async () => {
    await using backend = await startRecordingBackend();
    await using front = await startTraced(poolYaml([backend.url]), { sample: 0 });
    const beforeMs = Date.now();

    await ask(
      front.port,
      requestText('GET /', [
        `traceparent: ${parent('01')}`,
        'tracestate: rojo=1',
        'tracestate: congo=2',
      ]),
    );
    const collector = await front.collected();

    const [request] = collector.requests;
    const [attempt] = collector.below(request);
    expect(request).toMatchObject({ traceId: TRACE, parentSpanId: SPAN });
    expect(valuesOf(backend.only, 'traceparent')).toEqual([`00-${TRACE}-${attempt?.spanId}-01`]);
    expect(valuesOf(backend.only, 'tracestate').join()).toBe('rojo=1, congo=2');
    const times = [request, attempt].flatMap((span) => [
      Number(span?.startTimeUnixNano) / 1e6,
      Number(span?.endTimeUnixNano) / 1e6,
    ]);
    const [start = 0, end = 0, tryStart = 0, tryEnd = 0] = times;
    expect(start).toBeGreaterThanOrEqual(beforeMs - 2);
    expect(end).toBeLessThanOrEqual(Date.now() + 2);
    expect(tryStart).toBeGreaterThanOrEqual(start);
    expect(tryEnd).toBeGreaterThan(tryStart);
    expect(tryEnd).toBeLessThanOrEqual(end);
  });

  test.each([
    ['its client does not sample', 1, [`traceparent: ${parent('00')}`]],
    ['the share is 0', 0, []],
    ['its traceparent is none, and the share is 0', 0, [`traceparent: ${parent('01')}x`]],
    [
      'it has two traceparents, and the share is 0',
      0,
      [`traceparent: ${parent('01')}`, `traceparent: ${parent('01')}`],
    ],
  ])('is not exported where %s; the backend is told so', async (_, sample, fields) => {
    await using backend = await startRecordingBackend();
    await using front = await startTraced(poolYaml([backend.url]), { sample });

    await ask(front.port, requestText('GET /', fields));
    const collector = await front.collected();

    expect(collector.spans).toEqual([]);
    const [field = ''] = valuesOf(backend.only, 'traceparent');
    expect(traceparent.exec(field)?.[3]).toMatch(/[02]/);
    expect(valuesOf(backend.only, 'traceparent')).toHaveLength(1);
  });

  test('that goes wrong is exported whether it is sampled or not', async () => {
    await using backend = await startRecordingBackend(() =>
      okAnswer('no').replace('200 OK', '500 No'),
    );
    await using front = await startTraced(poolYaml([backend.url]), { sample: 0 });

    await ask(front.port, requestText('GET /', [`traceparent: ${parent('00')}`]));
    const collector = await front.collected();

    const [request] = collector.requests;
    expect(request).toMatchObject({
      traceId: TRACE,
      status: { code: 2 },
      attributes: { 'error.type': '500' },
    });
    expect(collector.below(request)).toMatchObject([
      { status: { code: 2 }, attributes: { 'error.type': '500' } },
    ]);
  });

  test('that cannot be read is exported as what it is', async () => {
    await using backend = await startRecordingBackend();
    await using front = await startTraced(poolYaml([backend.url]));

    await ask(front.port, 'GET / HTTP/1.1\r\nHost: a\r\n bad\r\n\r\n');
    const collector = await front.collected();

    expect(collector.spans).toMatchObject([
      { name: 'HTTP', attributes: { 'http.response.status_code': '400' } },
    ]);
  });

  test('whose answer is cut has failed', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeMessage();
      peer.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    });
    await using front = await startTraced(poolYaml([backend.url]), { sample: 0 });
    using client = await RawClient.connect(front.port);
    client.send(requestText('GET /'));
    await client.untilClosed();
    const collector = await front.collected();

    const [request] = collector.requests;
    expect(request).toMatchObject({
      status: { code: 2 },
      attributes: { 'error.type': 'reset', 'http.response.status_code': '200' },
    });
    expect(collector.below(request)).toMatchObject([{ attributes: { 'error.type': 'reset' } }]);
  });

  test('may be told nothing of the trace by a route', async () => {
    await using backend = await startRecordingBackend();
    const routes = 'routes: [{ pool: web, headers: { request: { remove: [traceparent] } } }]\n';
    await using front = await startTraced(routes + poolYaml([backend.url]));

    await ask(front.port, requestText('GET /'));

    expect(valuesOf(backend.only, 'traceparent')).toEqual([]);
  });
});

describe('the tries of a request', () => {
  test('have a span each, in their order, and the backend of each gets its own', async () => {
    await using good = await startRecordingBackend();
    const dead = await closedPort();
    await using front = await startTraced(
      poolYaml([`http://127.0.0.1:${dead}`, good.url], { policy: 'round_robin' }),
    );

    const answer = await ask(front.port, requestText('GET /'));
    const collector = await front.collected();

    expect(answer.status).toBe(200);
    const [request] = collector.requests;
    const [first, second] = collector.below(request);
    expect(collector.spans).toHaveLength(3);
    expect(request?.attributes).toMatchObject({ 'lbctl.tries': '2' });
    expect(first).toMatchObject({
      status: { code: 2 },
      attributes: { 'server.port': String(dead), 'error.type': 'connect_failed' },
    });
    expect(first?.attributes).not.toHaveProperty(['http.request.resend_count']);
    expect(second).toMatchObject({
      status: {},
      attributes: { 'http.request.resend_count': '1', 'http.response.status_code': '200' },
    });
    expect(valuesOf(good.only, 'traceparent')[0]).toContain(second?.spanId);
  });

  test('say which was a hedge, and which was cancelled for it', async () => {
    await using slow = await scriptedBackend(sends(''));
    await using fast = await scriptedBackend(answers(ok('fast')));
    const pool = { policy: 'round_robin', hedge: { after: '20ms' } };
    await using front = await startTraced(poolYaml([slow.url, fast.url], pool));

    await ask(front.port, requestText('GET /'));
    const collector = await front.collected();

    const [first, hedge] = collector.below(collector.requests[0]);
    expect(first?.attributes).toMatchObject({ 'lbctl.try': 'try', 'lbctl.cancelled': true });
    expect(hedge?.attributes).toMatchObject({
      'lbctl.try': 'hedge',
      'http.response.status_code': '200',
    });
    expect(hedge?.attributes).not.toHaveProperty(['lbctl.cancelled']);
  });

  test('are no part of a copy, which has a span of its own', async () => {
    await using web = await startRecordingBackend();
    await using shadow = await startRecordingBackend();
    const pools = { web: { backends: [web.url] }, shadow: { backends: [shadow.url] } };
    const routes = [{ pool: 'web', mirror: { pool: 'shadow' } }];
    await using front = await startTraced(
      `pools: ${JSON.stringify(pools)}\nroutes: ${JSON.stringify(routes)}`,
    );

    await ask(front.port, requestText('GET /'));
    await eventually(() =>
      expect(metricTotal(front.worker.messages, 'lb_mirror_requests_total', 'answered')).toBe(1),
    );
    const collector = await front.collected();

    const spans = collector.below(collector.requests[0]);
    const copy = spans.find(({ attributes }) => attributes['lbctl.try'] === 'mirror');
    expect(spans).toHaveLength(2);
    expect(copy?.attributes).toMatchObject({ 'lbctl.pool': 'shadow' });
    expect(valuesOf(shadow.only, 'traceparent')[0]).toContain(copy?.spanId);
    expect(valuesOf(web.only, 'traceparent')[0]).not.toContain(copy?.spanId);
  });
});
