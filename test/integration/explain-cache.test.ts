/** What a worker says of its cache for requests that were never sent. */
import { describe, expect, test } from '@jest/globals';
import type { ExplainReply, ExplainRequest } from '@lb/shared/admin-api/explain';
import { type CachedFront, freshAnswer, startCached } from '../support/cached-front.ts';

let lastId = 0;
function explained({ worker }: CachedFront, request: ExplainRequest): ExplainReply {
  lastId++;
  worker.receive({ lb: 1, type: 'ask', id: lastId, question: { kind: 'explain', request } });
  const told = worker.messages.findLast((message) => message.type === 'told');
  if (told?.id !== lastId || told.answer.kind !== 'explained') throw new Error('no explanation');
  return told.answer.reply;
}

/** As `get` sends it. */
const URL = 'http://lb.test/';

const startTagged = (): Promise<CachedFront> =>
  startCached({ respond: () => freshAnswer('x', ['ETag: "1"', 'Vary: X-Kind']) });

describe('an explanation of a cache', () => {
  test('says how old an answer is and for how long it is fresh, and does not count as its use', async () => {
    await using lb = await startTagged();
    const before = explained(lb, { url: URL });
    await lb.get();
    lb.clock.pass(20_000);
    const fresh = explained(lb, { url: URL });
    lb.clock.pass(50_000);
    const stale = explained(lb, { url: URL });

    expect(before).toMatchObject({ status: null, stages: [{ name: 'cache', verdict: 'pass' }] });
    expect(before.stages[0]?.because).toMatch(/^miss: .*key "all http:\/\/lb\.test\/"$/);
    expect(fresh).toMatchObject({ status: 200, pool: null, stages: [{ verdict: 'answer' }] });
    expect(fresh.outcome).toMatch(/^answered by cache: 200: hit: 20 s old, fresh for 40 s; key/);
    expect(stale.stages[0]?.because).toMatch(/^miss: 70 s old, stale for 10 s, to be validated/);
    expect(stale.outcome).toMatch(/^forwarded to web\//);
    expect(lb.backend.requests).toHaveLength(1);
  });

  test.each<[string, Partial<ExplainRequest>, number | null, RegExp]>([
    ['a confirmation', { headers: { 'If-None-Match': '"1"' } }, 304, /^304: hit/],
    ['HEAD', { method: 'HEAD' }, 200, /^200: hit/],
    ['another variant', { headers: { 'X-Kind': 'b' } }, null, /^miss: this worker has nothing/],
    [
      'a reload',
      { headers: { 'Cache-Control': 'no-cache' } },
      null,
      /the request wants it fresher/,
    ],
    ['another host', { url: 'http://lb.test:81/' }, null, /^miss: .*http:\/\/lb\.test:81\//],
    ['a method', { method: 'OPTIONS' }, null, /^bypass: OPTIONS is not answered/],
    ['an unsafe method', { method: 'PUT' }, null, /^bypass: PUT, which takes its address out/],
    ['a body', { headers: { 'Content-Length': '1' } }, null, /^bypass: it has a body/],
    ['a precondition', { headers: { 'If-Match': '"1"' } }, null, /^bypass: its condition/],
    ['an override', { headers: { 'X-Original-URL': '/b' } }, null, /^bypass: a field of it/],
    [
      'only-if-cached',
      { url: 'http://lb.test/other', headers: { 'Cache-Control': 'only-if-cached' } },
      504,
      /^504: it wants what is stored alone; miss/,
    ],
    [
      'no-store',
      { url: 'http://lb.test/other', headers: { 'Cache-Control': 'no-store' } },
      null,
      /^bypass: it says no-store/,
    ],
    [
      'Authorization',
      { url: 'http://lb.test/other', headers: { Authorization: 'Basic x' } },
      null,
      /^miss: .*it has Authorization/,
    ],
  ])('tells %s', async (_, request, status, because) => {
    await using lb = await startTagged();
    await lb.get();

    const reply = explained(lb, { url: URL, ...request });

    expect(reply.status).toBe(status);
    expect(reply.stages[0]?.because).toMatch(because);
  });

  test('is of the host with its port', async () => {
    await using lb = await startTagged();

    expect(explained(lb, { url: 'http://Test:8080/a' }).request.host).toBe('Test:8080');
  });
});
