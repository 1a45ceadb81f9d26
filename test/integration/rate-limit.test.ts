import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { startFront, type FrontOptions } from '../support/front.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { ask, requestText } from '../support/raw-client.ts';

/** On a busy machine the default of 50 ms passes without any fault. */
const PATIENT = 'store: { timeout: 5s }';

function front(limits: string, routes = 'rateLimit: [l]', more: FrontOptions = {}) {
  return startFront({
    ...more,
    config: [
      `rateLimits: ${limits}`,
      `routes: [{ name: all, pool: web, ${routes} }]`,
      more.config ?? PATIENT,
    ].join('\n'),
  });
}

const get = (port: number, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/`, { headers });

async function statuses(port: number, count: number, headers = {}): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < count; i++) {
    const answer = await get(port, headers);
    await answer.text();
    seen.push(answer.status);
  }
  return seen;
}

describe('a rate limit', () => {
  test('allows a burst, then refuses with 429, says when to come again, and asks no backend', async () => {
    await using lb = await front('{ l: { rate: 1/m, burst: 2 } }');

    expect(await statuses(lb.port, 2)).toEqual([200, 200]);
    const refused = await get(lb.port, { accept: 'application/json' });

    expect(refused.status).toBe(429);
    expect(await refused.json()).toEqual({
      error: 'too many requests',
      requestId: refused.headers.get('x-request-id'),
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(59);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(refused.headers.get('proxy-status')).toBeNull();
    expect(lb.backend.requests.length).toBe(2);
  });

  test('tells every client how it stands, in structured fields', async () => {
    await using lb = await front(
      '{ a: { rate: 10/s, burst: 20 }, b: { rate: 60/m }, c: { rate: 1/s, headers: false }, d: { rate: 1/s, shadow: true } }',
      'rateLimit: [a, b, c, d]',
    );

    const { headers } = await get(lb.port);

    expect(headers.get('ratelimit-policy')).toBe('"a";q=20;w=2, "b";q=1;w=1');
    expect(headers.get('ratelimit')).toBe('"a";r=19;t=1, "b";r=0;t=1');
  });

  test('says nothing to clients when it is told not to', async () => {
    await using lb = await front('{ l: { rate: 1/m, headers: false } }');
    const [first, second] = [await get(lb.port), await get(lb.port)];
    for (const name of ['ratelimit', 'ratelimit-policy', 'retry-after']) {
      expect(first.headers.get(name)).toBeNull();
      expect(second.headers.get(name)).toBeNull();
    }
    expect(second.status).toBe(429);
  });

  test('may answer with another status', async () => {
    await using lb = await front('{ l: { rate: 1/m, status: 503 } }');
    expect(await statuses(lb.port, 2)).toEqual([200, 503]);
  });

  test('in the shadow counts and refuses nothing', async () => {
    await using lb = await front('{ l: { rate: 1/m, burst: 2, shadow: true } }');
    expect(await statuses(lb.port, 5)).toEqual([200, 200, 200, 200, 200]);
    const { messages } = lb.worker;
    const total = (result: string): number =>
      metricTotal(messages, 'lb_ratelimit_decisions_total', 'l', result);
    await eventually(() => {
      expect([total('allow'), total('shadow_deny'), total('deny')]).toEqual([2, 3, 0]);
    });
  });

  test('counts by header, cookie, path and host, and what is joined of them', async () => {
    await using lb = await front('{ l: { rate: 1/m, key: "header:X-Key + cookie:id" } }');
    expect(await statuses(lb.port, 2, { 'x-key': 'a', cookie: 'id=1' })).toEqual([200, 429]);
    expect(await statuses(lb.port, 1, { 'x-key': 'b', cookie: 'id=1' })).toEqual([200]);
    expect(await statuses(lb.port, 1, { 'x-key': 'a', cookie: 'z=0; id=2' })).toEqual([200]);
    expect(await statuses(lb.port, 1, { 'x-key': 'a', cookie: 'z=0; id=1' })).toEqual([429]);
    expect(await statuses(lb.port, 2)).toEqual([200, 429]);
  });

  test('counts IPv6 clients behind a trusted proxy by their network', async () => {
    await using lb = await front('{ l: { rate: 1/m } }', undefined, {
      config: `trustedProxies: [127.0.0.1]\n${PATIENT}`,
    });
    const from = (address: string): Promise<number[]> =>
      statuses(lb.port, 1, { 'x-forwarded-for': address });
    expect(await from('2001:db8::1')).toEqual([200]);
    expect(await from('2001:db8::2')).toEqual([429]);
    expect(await from('2001:db8:0:1::1')).toEqual([200]);
    expect(await from('192.0.2.1')).toEqual([200]);
    expect(await from('192.0.2.2')).toEqual([200]);
  });

  test('cannot be got round by a forged address', async () => {
    await using lb = await front('{ l: { rate: 1/m } }');
    expect(await statuses(lb.port, 1, { 'x-forwarded-for': '192.0.2.1' })).toEqual([200]);
    expect(await statuses(lb.port, 1, { 'x-forwarded-for': '192.0.2.2' })).toEqual([429]);
  });

  test('writes why into the access log', async () => {
    await using lb = await front('{ l: { rate: 1/m } }', undefined, { log: 'json' });
    await statuses(lb.port, 2);
    const [, line = '{}'] = await lb.readLog(2);
    expect(JSON.parse(line)).toMatchObject({ status: 429, reason: 'rate_limited', backend: null });
  });

  test('keeps its count over a reload that leaves it alone, and begins anew when it is another', async () => {
    await using lb = await front('{ l: { rate: 1/m, burst: 2 } }');
    const config = (limits: string): string =>
      `pools: { web: { backends: ["${lb.backend.url}"] } }\nrateLimits: ${limits}\n${PATIENT}\n` +
      'routes: [{ name: other-name, pool: web, rateLimit: [l] }]\n';
    expect(await statuses(lb.port, 2)).toEqual([200, 200]);

    lb.worker.apply(config('{ l: { rate: 1/m, burst: 2 } }'));
    expect(await statuses(lb.port, 1)).toEqual([429]);

    lb.worker.apply(config('{ l: { rate: 100/s, burst: 5 } }'));
    await eventually(async () => expect(await statuses(lb.port, 1)).toEqual([200]));
  });

  test('holds for upgrades as well', async () => {
    await using lb = await front('{ l: { rate: 1/m } }');
    expect(await statuses(lb.port, 1)).toEqual([200]);
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket'];
    const answer = await ask(lb.port, requestText('GET /', upgrade));
    expect(answer.status).toBe(429);
  });

  test('lets go on by itself when the store does not answer', async () => {
    await using lb = await front('{ l: { rate: 1/m, burst: 3 } }', undefined, {
      config: 'store: { timeout: 20ms }',
    });
    lb.worker.stopStore();
    expect(await statuses(lb.port, 4)).toEqual([200, 200, 200, 429]);
    await eventually(() => {
      const degraded = metricTotal(
        lb.worker.messages,
        'lb_ratelimit_decisions_total',
        'l',
        'degraded',
      );
      expect(degraded).toBe(4);
    });
  });
});
