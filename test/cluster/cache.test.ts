/** Caches of several workers: what one learns to be untrue, all forget; the metrics are those of all. */
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { startLbctl } from '../support/lbctl.ts';
import { startBackend } from '../support/running-lbctl.ts';

test('a request that changes something takes it out of the caches of all workers', async () => {
  let version = 1;
  await using backend = await startBackend((request, response) => {
    if (request.method === 'POST') version++;
    response.setHeader('Cache-Control', 'max-age=600');
    response.end(String(version));
  });
  await using lb = await startLbctl(
    'workers: 2\nlisteners: [{ bind: "127.0.0.1:0", accept: round-robin }]\n' +
      `pools: { web: { backends: ["${backend.url}"] } }\n` +
      'caches: { c: {} }\nroutes: [{ pool: web, cache: c }]\n',
  );
  const ask = async (method = 'GET'): Promise<string> => {
    const headers = { connection: 'close' };
    return (await fetch(`http://127.0.0.1:${lb.port}/`, { method, headers })).text();
  };

  for (let i = 0; i < 6; i++) expect(await ask()).toBe('1');
  await ask('POST');
  await eventually(async () => {
    for (let i = 0; i < 4; i++) expect(await ask()).toBe('2');
  });

  await eventually(async () => {
    expect(await lb.metric('lb_cache_requests_total', 'result="miss"')).toBe(4);
    expect(await lb.metric('lb_cache_requests_total', 'result="bypass"')).toBe(1);
    expect(await lb.metric('lb_cache_bytes')).toBeGreaterThan(2_000);
  });
});
