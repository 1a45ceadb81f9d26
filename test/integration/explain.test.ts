/** What a worker says of requests that were never sent, and of those that went wrong. */
import { describe, expect, test } from '@jest/globals';
import type { ExplainRequest } from '@lb/shared/admin-api/explain';
import type { Answer, Question } from '@lb/shared/ipc/questions';
import { metricTotal } from '../support/metric-totals.ts';
import { type Front, startFront } from '../support/front.ts';
import { okAnswer } from '../support/recording-backend.ts';

const CONFIG = `
trustedProxies: [10.0.0.0/8]
rateLimits: { few: { rate: 1/m, burst: 1 } }
routes:
  - { name: gone, match: { hosts: [a.example], paths: [/gone] }, respond: { status: 410 } }
  - { name: away, match: { paths: [/away] }, redirect: { to: "https://b.example{path}" } }
  - { name: shut, match: { paths: [/shut] }, pool: web, access: { allow: [192.0.2.0/24] } }
  - { name: scarce, match: { paths: [/scarce] }, pool: web, rateLimit: [few] }
  - { name: turns, match: { paths: [/turns] }, pool: turns }
  - { name: posts, match: { methods: [POST], headers: { x-kind: "~^a" } }, pool: web }
  - { name: rest, match: { methods: [GET] }, pool: web }
`;

const front = (): Promise<Front> =>
  startFront({
    config: CONFIG,
    morePools:
      ', turns: { policy: round_robin, backends: [{ url: "http://127.0.0.1:1", name: x }, { url: "http://127.0.0.1:2", name: y, weight: 0 }] }',
    respond: ({ target }) =>
      target === '/bad' ? okAnswer().replace('200 OK', '500 Broken') : okAnswer(),
  });

let lastId = 0;
function put({ worker }: Front, question: Question): Answer {
  lastId++;
  worker.receive({ lb: 1, type: 'ask', id: lastId, question });
  const told = worker.messages.findLast((message) => message.type === 'told');
  if (told?.id !== lastId) throw new Error('the worker gave no answer');
  return told.answer;
}

function explained(lb: Front, request: ExplainRequest) {
  const answer = put(lb, { kind: 'explain', request });
  if (answer.kind !== 'explained') throw new Error(JSON.stringify(answer));
  return answer.reply;
}

describe('an explanation', () => {
  test('names the route that takes the request, and why those before it do not', async () => {
    await using lb = await front();
    const { routes, route, outcome } = explained(lb, { url: 'http://a.example/x' });
    expect(route).toBe('rest');
    expect(routes.map(({ name, isMatch }) => `${name} ${isMatch}`)).toEqual([
      'gone false',
      'away false',
      'shut false',
      'scarce false',
      'turns false',
      'posts false',
      'rest true',
    ]);
    expect(routes[0]?.because).toContain('paths');
    expect(routes[5]?.because).toContain('methods');
    expect(outcome).toMatch(/^forwarded to web\//);
  });

  test.each<[string, ExplainRequest, number, RegExp]>([
    ['a fixed answer', { url: 'http://a.example/gone' }, 410, /fixed answer/],
    ['a redirect', { url: 'http://b/away' }, 308, /redirect/],
    ['no route', { method: 'DELETE', url: 'http://b/' }, 404, /no route/],
    ['no method', { method: 'TRACE', url: 'http://b/' }, 405, /method/],
    ['a refusal', { url: 'http://b/shut' }, 403, /access.allow/],
    ['a missing host', { url: '/x' }, 400, /Host/],
    ['a malformed path', { url: 'http://b/%zz' }, 400, /malformed path/],
    ['an unknown method', { method: 'get', url: 'http://b/' }, 400, /request line/],
    ['a loop', { url: 'http://b/', headers: { Via: '1.1 lb, 1.1 lb' } }, 508, /passed here/],
  ])('tells %s', async (_, request, status, outcome) => {
    await using lb = await front();
    const reply = explained(lb, request);
    expect(reply.status).toBe(status);
    expect(reply.outcome).toMatch(outcome);
    expect(reply.pool).toBeNull();
  });

  test('believes X-Forwarded-For of a trusted proxy alone, and says so', async () => {
    await using lb = await front();
    const headers = { 'X-Forwarded-For': '192.0.2.7' };
    const trusted = explained(lb, { url: 'http://b/shut', headers, clientIp: '10.1.1.1' });
    const stranger = explained(lb, { url: 'http://b/shut', headers, clientIp: '11.1.1.1' });
    expect(trusted.client.address).toBe('192.0.2.7');
    expect(trusted.stages).toMatchObject([{ name: 'access', verdict: 'pass' }]);
    expect(stranger.client.address).toBe('11.1.1.1');
    expect(stranger.client.because).toContain('not believed');
    expect(stranger.stages).toMatchObject([{ name: 'access', verdict: 'refuse' }]);
  });

  test('takes no token of a rate limit, and knows when there is none', async () => {
    await using lb = await front();
    const request = { url: 'http://b/scarce' };
    for (let time = 0; time < 3; time++)
      expect(explained(lb, request).stages).toMatchObject([{ verdict: 'unknown' }]);
    const statuses = [];
    for (let time = 0; time < 2; time++) {
      const { status, body } = await fetch(`http://127.0.0.1:${lb.port}/scarce`);
      await body?.cancel();
      statuses.push(status);
    }
    expect(statuses).toEqual([200, 429]);
    expect(explained(lb, request)).toMatchObject({
      status: 429,
      stages: [{ name: 'rateLimit', verdict: 'refuse' }],
    });
  });

  test('shows each backend with what speaks against it, and the next try', async () => {
    await using lb = await front();
    lb.worker.setState(1, 'down');
    const { pool, status } = explained(lb, { url: 'http://b/turns' });
    expect(pool?.candidates).toMatchObject([
      { name: 'x', state: 'down', mayTakeIt: false, because: 'it is down' },
      { name: 'y', mayTakeIt: false, because: 'its weight is 0' },
    ]);
    expect(pool?.pick).toEqual({ backend: null, because: 'no backend may get traffic' });
    expect(status).toBe(503);
    lb.worker.setState(1, 'up');
    const again = explained(lb, { method: 'POST', url: 'http://b/turns' });
    expect(again.pool?.pick.backend).toBe('x');
    expect(again.pool?.retry).toEqual([
      'none: POST is not in retries.methods, and there is no Idempotency-Key',
    ]);
  });

  test('sends nothing and counts nothing', async () => {
    await using lb = await front();
    for (let time = 0; time < 5; time++) explained(lb, { url: 'http://b/' });
    lb.worker.drain(0);
    expect(lb.backend.requests).toEqual([]);
    expect(metricTotal(lb.worker.messages, 'lb_http_requests_total')).toBe(0);
  });

  test.each<[string, ExplainRequest]>([
    ['a line feed', { url: 'http://b/', headers: { 'X-A': 'b\r\nX-C: d' } }],
    ['two hosts', { url: 'http://b/', headers: { host: 'c' } }],
  ])('is refused for %s', async (_, request) => {
    await using lb = await front();
    expect(put(lb, { kind: 'explain', request }).kind).toBe('senseless');
  });
});

describe('past requests', () => {
  test('are those that went wrong, with where they went; others leave nothing', async () => {
    await using lb = await front();
    for (const path of ['/fine', '/bad', '/turns/out', '/gone?secret=1']) {
      const answer = await fetch(`http://127.0.0.1:${lb.port}${path}`);
      await answer.text();
    }
    const answer = put(lb, { kind: 'requests' });
    if (answer.kind !== 'requests') throw new Error(answer.kind);
    expect(answer.requests).toMatchObject([
      { path: '/turns/out', route: 'turns', pool: 'turns', status: 502, reason: 'connect_failed' },
      { path: '/bad', route: 'rest', pool: 'web', status: 500, tries: 1, reason: null },
    ]);
    expect(answer.requests.map(({ kept }) => kept)).toEqual(['error', 'error']);
  });
});
