/** Traces of an instance: over its workers, in what the admin API tells, and at its end. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import type { PastRequestReply } from '@lb/shared/admin-api/explain';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { startBackend } from '../support/running-lbctl.ts';
import { type Collector, startCollector } from '../support/trace-collector.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const REQUESTS = 20;

let lb: Instance;
let collector: Collector;
let backend: Awaited<ReturnType<typeof startBackend>>;

beforeAll(async () => {
  collector = await startCollector();
  backend = await startBackend(({ url }, response) => {
    response.statusCode = url === '/bad' ? 500 : 200;
    response.end('answer');
  });
  lb = await startLbctl(`
workers: 2
listeners: [{ bind: 127.0.0.1:0 }]
pools: { web: { backends: ["${backend.url}"] } }
tracing: { otlp: "${collector.url}", sample: 1, headers: { x-team: team-secret } }
`);
}, 60_000);

afterAll(async () => {
  await lb[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
  await collector[Symbol.asyncDispose]();
});

const get = (path: string, headers: Record<string, string> = {}): Promise<string> =>
  fetch(`http://127.0.0.1:${lb.port}${path}`, {
    headers: { connection: 'close', ...headers },
  }).then((response) => response.text());

test('what became of spans is counted from the start', async () => {
  expect(await lb.metric('lb_trace_spans_total', 'result="exported"')).toBe(0);
  expect(await lb.metric('lb_trace_spans_total', 'result="dropped"')).toBe(0);
});

test('a request that went wrong is explained with its trace', async () => {
  await get('/bad', { traceparent: `00-${TRACE}-b7ad6b7169203331-01` });
  const { requests } = await lb.admin.get<{ requests: PastRequestReply[] }>('/api/v1/requests');
  const [bad] = requests;
  expect(bad).toMatchObject({ path: '/bad', traceId: TRACE });
  const { stdout } = await lb.run('explain', '--id', bad?.id ?? '');
  expect(stdout).toContain(`trace    ${TRACE}`);
});

test('the key of the collector is shown to nobody', async () => {
  for (const query of ['', '?resolved']) {
    const config = JSON.stringify(await lb.admin.get(`/api/v1/config${query}`));
    expect(config).toContain('"x-team":"[redacted]"');
    expect(config).not.toContain('team-secret');
  }
});

test('at its end every worker sends what it has', async () => {
  await Promise.all(Array.from({ length: REQUESTS }, (_, i) => get(`/${i}`)));
  const pids = (await lb.workerPids()).map(String);
  const ended = once(lb.child, 'exit');
  lb.child.kill('SIGTERM');
  await ended;

  expect(collector.requests).toHaveLength(REQUESTS + 1);
  expect(collector.spans).toHaveLength(2 * (REQUESTS + 1));
  const senders = new Set(collector.posts.map(({ resource }) => String(resource['process.pid'])));
  expect(pids).toEqual(expect.arrayContaining([...senders]));
  expect(collector.posts[0]?.headers).toMatchObject({ 'x-team': 'team-secret' });
});
