/** Caches of several workers: what one learns to be untrue, all forget; the metrics are those of all. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { HistoryReply } from '@lb/shared/admin-api/statistics';
import { eventually } from '../support/eventually.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { startBackend } from '../support/running-lbctl.ts';

let version = 1;
let backend: AsyncDisposable & { readonly url: string };
let lb: Instance;

beforeAll(async () => {
  backend = await startBackend((request, response) => {
    if (request.method === 'POST') version++;
    response.setHeader('Cache-Control', 'max-age=600');
    response.setHeader('Cache-Tag', 'one, two');
    response.end(String(version));
  });
  lb = await startLbctl(
    'workers: 2\nlisteners: [{ bind: "127.0.0.1:0", accept: round-robin }]\n' +
      `pools: { web: { backends: ["${backend.url}"] } }\n` +
      'caches: { c: {} }\nroutes: [{ pool: web, cache: c }]\n',
  );
});

afterAll(async () => {
  await lb[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

const ask = async (path = '/', method = 'GET'): Promise<string> => {
  const headers = { connection: 'close' };
  return (await fetch(`http://127.0.0.1:${lb.port}${path}`, { method, headers })).text();
};

test('a request that changes something takes it out of the caches of all workers', async () => {
  for (let i = 0; i < 6; i++) expect(await ask()).toBe('1');
  await ask('/', 'POST');
  await eventually(async () => {
    for (let i = 0; i < 4; i++) expect(await ask()).toBe('2');
  });

  await eventually(async () => {
    expect(await lb.metric('lb_cache_requests_total', 'result="miss"')).toBe(4);
    expect(await lb.metric('lb_cache_requests_total', 'result="bypass"')).toBe(1);
    expect(await lb.metric('lb_cache_bytes')).toBeGreaterThan(2_000);
  });
});

test('are listed with what is in them', async () => {
  const { code, stdout } = await lb.run('cache', 'stats');

  const [titles, caches] = stdout.split('\n');
  expect([code, titles]).toEqual([
    0,
    expect.stringMatching(/^CACHE +SHARED +ENTRIES +BYTES +HITS/),
  ]);
  expect(caches).toMatch(/^c +no +2 +\d/);
});

test.each([
  ['its URL', (origin: string) => `${origin}/purged`],
  ['how its URL begins', (origin: string) => `${origin}/pur*`],
  ['a tag', () => 'two'],
])('a purge by %s is done in all workers when it returns', async (_, targetOf) => {
  const before = String(version);
  for (let i = 0; i < 4; i++) expect(await ask('/purged')).toBe(before);
  version++;

  const { code, stderr } = await lb.run('cache', 'purge', targetOf(`http://127.0.0.1:${lb.port}`));

  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^purged [2-4] /),
  });
  for (let i = 0; i < 4; i++) expect(await ask('/purged')).toBe(String(version));
});

test('the share of requests that they answered is in the statistics', async () => {
  await eventually(async () => {
    expect(await ask('/kept')).toBe(String(version));
    const { cacheHitRate } = await lb.admin.get<HistoryReply>('/api/v1/stats/history?seconds=900');
    expect(cacheHitRate).toContain(1);
  }, 20_000);
});
