/** Collectors of traces that are well, refuse, or hang: what they are sent, and that no request is the worse for them. */
import { describe, expect, test } from '@jest/globals';
import { Collector as OtlpCollector } from '@lb/worker/internal/tracing/collector';
import { eventually } from '../support/eventually.ts';
import { closedPort } from '../support/scripted-backend.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { ask, requestText } from '../support/raw-client.ts';
import { okAnswer, startRecordingBackend } from '../support/recording-backend.ts';
import { startBackend } from '../support/running-lbctl.ts';
import { startTraced, type TracedFront } from '../support/traced-front.ts';
import { type Collector, startCollector } from '../support/trace-collector.ts';

/** More than a batch: each request has two spans. */
const MANY = 270;

async function askMany({ port }: TracedFront): Promise<number> {
  let good = 0;
  for (let i = 0; i < MANY; i++) {
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    await answer.text();
    if (answer.status === 200) good++;
  }
  return good;
}

const spans = ({ worker }: TracedFront, result: 'exported' | 'dropped'): number =>
  metricTotal(worker.messages, 'lb_trace_spans_total', result);

async function startOn(collector: Collector, settings: object = {}): Promise<TracedFront> {
  const backend = await startBackend((_, response) => void response.end('ok'));
  const front = await startTraced(poolYaml([backend.url]), settings, collector);
  return {
    ...front,
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}

describe('a collector', () => {
  test.each([
    ['', '/v1/traces'],
    ['/', '/v1/traces'],
    ['/otlp', '/otlp/v1/traces'],
    ['/v1/traces', '/v1/traces'],
    ['/x/v1/traces?tenant=a', '/x/v1/traces?tenant=a'],
  ])('at %j is posted to at %s', async (given, path) => {
    const collector = await startCollector();
    await using front = await startOn(collector, {
      otlp: `${collector.url}${given}`,
      serviceName: 'edge',
      headers: { Authorization: 'Bearer abc' },
    });

    await ask(front.port, requestText('GET /'));
    await front.collected();

    expect(collector.posts).toHaveLength(1);
    expect(collector.posts[0]).toMatchObject({
      path,
      headers: { authorization: 'Bearer abc', 'content-type': 'application/json' },
      resource: { 'service.name': 'edge', 'process.pid': String(process.pid) },
    });
    await eventually(() => expect(spans(front, 'exported')).toBe(2));
  });

  test('gets a batch while requests go on, and the rest at the end', async () => {
    const collector = await startCollector();
    await using front = await startOn(collector);

    expect(await askMany(front)).toBe(MANY);
    await eventually(() => expect(collector.posts).toHaveLength(1));
    await front.collected();

    expect(collector.posts.map((post) => post.spans.length)).toEqual([512, 2 * MANY - 512]);
    expect(collector.spans).toHaveLength(2 * MANY);
    expect(new Set(collector.spans.map(({ spanId }) => spanId)).size).toBe(2 * MANY);
  });

  test('that is busy gets the same spans again when it says so', async () => {
    const collector = await startCollector((response, post) => {
      if (post === 0) response.writeHead(503, { 'Retry-After': '0' });
      response.end('{}');
    });
    await using front = await startOn(collector);

    await askMany(front);
    await eventually(() => expect(spans(front, 'exported')).toBe(512));

    const [first, again] = collector.posts;
    expect(again?.spans).toEqual(first?.spans);
  });

  test('may throw a part away', async () => {
    const partialSuccess = { rejectedSpans: '1', errorMessage: 'too old' };
    const collector = await startCollector((response) =>
      response.end(JSON.stringify({ partialSuccess })),
    );
    await using front = await startOn(collector);

    await ask(front.port, requestText('GET /'));
    await front.collected();

    expect([spans(front, 'exported'), spans(front, 'dropped')]).toEqual([1, 1]);
  });

  test.each([
    ['refuses', 'refuse', 2 * MANY],
    ['answers what nobody understands', 'noise', 2 * MANY],
    // What is under way is neither yet.
    ['hangs', 'hang', 0],
    ['is not there', 'gone', 2 * MANY],
  ])('that %s fails no request and keeps no worker from its end', async (_, how, dropped) => {
    const collector = await startCollector((response) => {
      if (how === 'refuse') response.writeHead(400).end('no');
      if (how === 'noise') response.socket?.end('no HTTP\r\n\r\n');
    });
    const settings = how === 'gone' ? { otlp: `http://127.0.0.1:${await closedPort()}` } : {};
    await using front = await startOn(collector, settings);

    const good = await askMany(front);
    const endedMs = performance.now();
    await front.collected();

    expect(good).toBe(MANY);
    expect(performance.now() - endedMs).toBeLessThan(5_000);
    expect(spans(front, 'exported')).toBe(0);
    expect(spans(front, 'dropped')).toBe(dropped);
  });
});

test('a name with several addresses that do not answer is a reason that can be read', async () => {
  const collector = new OtlpCollector(`http://localhost:${await closedPort()}`, {});
  const verdict = await collector.post(Buffer.from('{}'));
  collector.close();
  expect(verdict).toMatchObject({ kind: 'later', reason: expect.stringMatching('ECONNREFUSED') });
});

describe('a reload', () => {
  test('changes who gets the spans, and whether there are any', async () => {
    const collector = await startCollector();
    await using other = await startCollector();
    const backend = await startRecordingBackend(() => okAnswer());
    await using front = await startTraced(poolYaml([backend.url]), {}, collector);

    await ask(front.port, requestText('GET /first'));
    const elsewhere = JSON.stringify({ otlp: other.url, sample: 1 });
    front.worker.apply(`${poolYaml([backend.url])}tracing: ${elsewhere}\n`);
    await ask(front.port, requestText('GET /second'));
    front.worker.apply(poolYaml([backend.url]));
    await ask(front.port, requestText('GET /third'));
    await eventually(() => expect(other.requests).toHaveLength(1));
    await front.collected();
    await backend[Symbol.asyncDispose]();

    const paths = [collector, other].map(({ requests }) =>
      requests.map(({ attributes }) => attributes['url.path']),
    );
    expect(paths).toEqual([['/first'], ['/second']]);
  });
});
