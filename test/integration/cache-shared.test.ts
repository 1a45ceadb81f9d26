/** A cache that workers share through Redis. */
import { describe, expect, test } from '@jest/globals';
import { statusOf } from '../support/cached-front.ts';
import { eventually } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { headerOf, type RawResponse } from '../support/raw-client.ts';
import { type BackendRequest, ROOT_KEY, shareCaches } from '../support/shared-caches.ts';

/** Answers with the number of the request. */
function numbered(
  fields: Readonly<Record<string, string>> = {},
): (request: BackendRequest) => void {
  let count = 0;
  return (request) => request.answer(String(++count), fields);
}

const bodiesOf = (answers: readonly RawResponse[]): string[] => answers.map(({ body }) => body);

describe('an answer that one worker has fetched', () => {
  test('is found by another, with its age, and then in its memory', async () => {
    await using lb = await shareCaches({ respond: numbered({ Age: '7' }) });
    await lb.get(0);
    await lb.stored();

    const found = await lb.get(1);
    const again = await lb.get(1);

    expect(bodiesOf([found, again])).toEqual(['1', '1']);
    expect(statusOf(found)).toMatch(/^lb; hit; detail=shared; ttl=\d+$/);
    expect(statusOf(again)).toMatch(/^lb; hit; ttl=\d+$/);
    expect(Number(headerOf(found, 'age'))).toBeGreaterThanOrEqual(7);
    expect(Number(headerOf(found, 'age'))).toBeLessThan(20);
    expect(lb.asked.length).toBe(1);
  });

  test('goes from Redis when it is of no use any more', async () => {
    const fields = { 'cache-control': 'max-age=60, stale-if-error=30' };
    await using lb = await shareCaches({ respond: numbered(fields) });
    await lb.get(0);
    await lb.stored();

    const ttlMs = Number(await lb.redis.cli('pttl', ROOT_KEY));

    expect(ttlMs).toBeGreaterThan(70_000);
    expect(ttlMs).toBeLessThanOrEqual(90_000);
  });

  test('is found by what it varies by, which the other worker does not know', async () => {
    await using lb = await shareCaches({
      respond: (request) => request.answer(String(request.headers['x-kind']), { Vary: 'X-Kind' }),
    });
    await lb.get(0, 'GET /', ['X-Kind: 1']);
    await lb.stored();
    await lb.get(0, 'GET /', ['X-Kind: 2']);
    await eventually(async () => expect(await lb.redis.cli('hlen', ROOT_KEY)).toBe('5'));

    const answers = [];
    for (const kind of [1, 2, 1]) answers.push(await lb.get(1, 'GET /', [`X-Kind: ${kind}`]));

    expect(bodiesOf(answers)).toEqual(['1', '2', '1']);
    expect(lb.asked.length).toBe(2);
  });

  test.each([
    { line: 'HEAD /', fields: [], expected: [200, ''] },
    { line: 'GET /', fields: ['Range: bytes=1-2'], expected: [206, 'bc'] },
    { line: 'GET /', fields: ['If-None-Match: "a"'], expected: [304, ''] },
    { line: 'GET /', fields: ['Cache-Control: only-if-cached'], expected: [200, 'abcd'] },
  ])('answers $line with $fields at another', async ({ line, fields, expected }) => {
    await using lb = await shareCaches({
      respond: (request) => request.answer('abcd', { ETag: '"a"' }),
    });
    await lb.get(0);
    await lb.stored();

    const { status, body } = await lb.get(1, line, fields);

    expect([status, body]).toEqual(expected);
    expect(lb.asked.length).toBe(1);
  });

  test('is found byte by byte, as large as it may be', async () => {
    const body = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, i) => (i * 7) % 256));
    await using lb = await shareCaches({
      respond: ({ response }) =>
        response.writeHead(200, { 'cache-control': 'max-age=60' }).end(body),
    });
    await lb.get(0);
    await lb.stored();

    const found = await lb.get(1);

    expect(statusOf(found)).toContain('shared');
    expect(Buffer.from(found.body, 'latin1').equals(body)).toBe(true);
  });

  test('is thrown out by an unsafe request, and what is fetched meanwhile is not kept', async () => {
    await using lb = await shareCaches();
    const first = await lb.send(0);
    const fetching = await lb.askedTimes(1);
    const other = await lb.send(1, 'DELETE /');
    (await lb.askedTimes(2)).answer('');
    await other.response();

    fetching.answer('old');
    expect((await first.response()).body).toBe('old');
    const next = await lb.send(1);
    (await lb.askedTimes(3)).answer('new');
    await next.response();
    await lb.stored();

    expect(await lb.redis.cli('hget', ROOT_KEY, 'e:')).toMatch(/new$/);
  });
});

describe('requests for a missing answer at several workers', () => {
  test('are one request', async () => {
    await using lb = await shareCaches({ workers: 3 });

    const clients = [];
    for (let i = 0; i < 30; i++) clients.push(await lb.send(i % 3));
    const request = await lb.askedTimes(1);
    await eventually(async () => expect(await lb.redis.cli('hkeys', ROOT_KEY)).toBe('l:'));
    request.answer('a');
    const answers = await Promise.all(clients.map((client) => client.response()));

    expect(bodiesOf(answers)).toEqual(clients.map(() => 'a'));
    expect(lb.asked.length).toBe(1);
  });

  test('each go to a backend when the answer is not for others', async () => {
    await using lb = await shareCaches();
    const [first, second] = [await lb.send(0), await lb.send(1)];
    const private_ = { 'cache-control': 'private' };
    (await lb.askedTimes(1)).answer('a', private_);
    (await lb.askedTimes(2)).answer('b', private_);

    expect(bodiesOf([await first.response(), await second.response()]).sort()).toEqual(['a', 'b']);
    await lb.send(0);
    await lb.send(1);
    await lb.askedTimes(4);
  });

  test('are made again by one of them when the first fails', async () => {
    await using lb = await shareCaches();
    const [first, second] = [await lb.send(0), await lb.send(1)];
    (await lb.askedTimes(1)).response.socket?.resetAndDestroy();
    (await lb.askedTimes(2)).answer('a');

    const answers = [await first.response(), await second.response()];
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 502]));
  });

  test('are not lost with a client that leaves while it waits for another worker', async () => {
    await using lb = await shareCaches();
    const first = await lb.send(0);
    const request = await lb.askedTimes(1);
    const leaving = await lb.send(1);
    const staying = await lb.send(1);
    const inside = (count: number): Promise<void> =>
      eventually(() => {
        const messages = lb.workers[1]?.messages ?? [];
        expect(metricTotal(messages, 'lb_http_requests_in_flight')).toBe(count);
      });
    await inside(2);
    leaving.socket.resetAndDestroy();
    await inside(1);
    request.answer('a');

    expect(bodiesOf([await first.response(), await staying.response()])).toEqual(['a', 'a']);
    expect(lb.asked.length).toBe(1);
  });

  test('that is stale and used meanwhile is asked for again by one of them', async () => {
    const fields = { 'cache-control': 'max-age=60, stale-while-revalidate=60', Age: '59' };
    await using lb = await shareCaches({
      respond: (request) => request.answer(String(lb.asked.length), fields),
    });
    await lb.get(0);
    await lb.stored();
    await lb.get(1);
    const stale: RawResponse[] = [];
    await eventually(async () => {
      for (const worker of [0, 1]) {
        const answer = await lb.get(worker);
        if (statusOf(answer)?.includes('stale-while-revalidate') === true) stale.push(answer);
      }
      expect(stale.length).toBeGreaterThanOrEqual(2);
    });

    await lb.askedTimes(2);
    expect(new Set(bodiesOf(stale))).toEqual(new Set(['1']));
  });
});

test.each([
  ['that is damaged', ['hset', ROOT_KEY, 'e:', 'LBCA, but not for long']],
  ['of another version', ['hset', ROOT_KEY, 'e:', 'LBC0']],
  ['that is none of ours', ['set', ROOT_KEY, 'something']],
])('an answer in Redis %s is a miss, counted, and replaced', async (_, change) => {
  await using lb = await shareCaches({ respond: numbered() });
  await lb.get(0);
  await lb.stored();
  await lb.redis.cli(...change);

  expect((await lb.get(1)).body).toBe('2');
  await lb.stored();
  expect(await lb.redis.cli('hget', ROOT_KEY, 'e:')).toMatch(/2$/);
  await eventually(() =>
    expect(metricTotal(lb.workers[1]?.messages ?? [], 'lb_store_errors_total', 'ask')).toBe(1),
  );
});

describe('without Redis', () => {
  test('each worker has its own memory, and nobody waits', async () => {
    await using lb = await shareCaches({ respond: numbered(), timeout: '100ms' });
    await lb.redis.kill();

    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(await lb.get(i % 2));

    expect(bodiesOf(answers)).toEqual(['1', '2', '1', '2']);
  });

  test('that is away while an answer is thrown out, it is thrown out later', async () => {
    await using lb = await shareCaches({ respond: numbered(), timeout: '100ms' });
    await lb.get(0);
    await lb.stored();
    await lb.redis.cli('acl', 'setuser', 'default', '-set', '-unlink', '-evalsha');
    await lb.get(1, 'DELETE /');
    await lb.redis.cli('acl', 'setuser', 'default', '+@all');

    await eventually(async () => {
      await lb.get(1, `GET /other${lb.asked.length}`);
      expect(await lb.redis.cli('hget', ROOT_KEY, 'e:')).toBe('');
    });
  });

  test('that hangs in the middle of it, the answer is fetched, stored and shared again later', async () => {
    await using lb = await shareCaches({ timeout: '100ms' });
    const first = await lb.send(0);
    const request = await lb.askedTimes(1);
    lb.redis.signal('SIGSTOP');
    const second = await lb.send(1);
    (await lb.askedTimes(2)).answer('b');
    request.answer('a');
    expect(bodiesOf([await first.response(), await second.response()])).toEqual(['a', 'b']);
    expect(bodiesOf([await lb.get(0), await lb.get(1)])).toEqual(['a', 'b']);
    lb.redis.signal('SIGCONT');

    await eventually(async () => {
      const next = await lb.send(0, 'GET /next');
      lb.asked.at(-1)?.answer('c');
      await next.response();
      expect(await lb.redis.cli('exists', 'lb:c:c all http://lb.test/next')).toBe('1');
    });
  });
});
