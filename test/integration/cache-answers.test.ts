/** What a route with a cache answers with: what is stored, whole, in parts, as a confirmation, stale or asked for again. */
import { describe, expect, test } from '@jest/globals';
import { freshAnswer, startCached, statusOf } from '../support/cached-front.ts';
import { eventually } from '../support/eventually.ts';
import { headerOf } from '../support/raw-client.ts';
import { okAnswer, type Respond } from '../support/recording-backend.ts';
import { valuesOf } from '../support/strict-request-parser.ts';

const confirmation = (fields: readonly string[] = []): string =>
  `HTTP/1.1 304 Not Modified\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`;

describe('a stored answer', () => {
  test('is used as long as it is fresh, with its age and what was done', async () => {
    await using lb = await startCached();

    const first = await lb.get();
    lb.clock.pass(30_000);
    const second = await lb.get();
    lb.clock.pass(31_000);
    const third = await lb.get();

    expect([first, second, third].map(({ body }) => body)).toEqual(['1', '1', '2']);
    expect(statusOf(first)).toBe('lb; fwd=uri-miss; stored');
    expect(statusOf(second)).toBe('lb; hit; ttl=30');
    expect(headerOf(second, 'age')).toBe('30');
    expect(headerOf(second, 'date')).toBe(headerOf(first, 'date'));
    expect(statusOf(third)).toBe('lb; fwd=stale; stored');
    await lb.counted('hit', 1);
    await lb.counted('miss', 2);
  });

  test('has the response headers of the route, its own request id and none of the first request', async () => {
    await using lb = await startCached({
      route: ', headers: { response: { set: { X-Edited: "yes" } } }',
      respond: () =>
        freshAnswer('x', ['X-Request-Id: of-the-first', 'Connection: X-Hop', 'X-Hop: 1']),
    });

    await lb.get();
    const hit = await lb.get();

    expect(headerOf(hit, 'x-edited')).toBe('yes');
    expect(headerOf(hit, 'x-hop')).toBeUndefined();
    expect(headerOf(hit, 'x-request-id')).toMatch(/^[\da-f-]{36}$/);
  });

  test('is sent with a length although it came in chunks, and keeps the connection', async () => {
    await using lb = await startCached({
      respond: () =>
        'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
    });

    expect((await lb.get()).body).toBe('abcde');
    const hit = await lb.get();

    expect(hit.body).toBe('abcde');
    expect(headerOf(hit, 'content-length')).toBe('5');
    expect(headerOf(hit, 'transfer-encoding')).toBeUndefined();
  });

  test('answers HEAD without a body', async () => {
    await using lb = await startCached();

    await lb.get();
    const head = await lb.get('/', [], 'HEAD');

    expect([head.body, headerOf(head, 'content-length'), statusOf(head)]).toEqual([
      '',
      '1',
      'lb; hit; ttl=60',
    ]);
  });

  test('confirms what the client has', async () => {
    await using lb = await startCached({
      respond: () => freshAnswer('x', ['ETag: "a"', 'Content-Type: text/plain']),
    });

    await lb.get();
    const same = await lb.get('/', ['If-None-Match: "b", W/"a"']);
    const other = await lb.get('/', ['If-None-Match: "b"']);

    expect([same.status, other.status]).toEqual([304, 200]);
    expect(headerOf(same, 'etag')).toBe('"a"');
    expect(headerOf(same, 'content-type')).toBeUndefined();
    expect(lb.backend.requests.length).toBe(1);
  });

  test('gives parts: one, several, none that there is', async () => {
    await using lb = await startCached({
      respond: () => freshAnswer('0123456789', ['ETag: "a"', 'Content-Type: text/plain']),
    });

    await lb.get();
    const one = await lb.get('/', ['Range: bytes=2-4']);
    const several = await lb.get('/', ['Range: bytes=0-0, -2', 'If-Range: "a"']);
    const none = await lb.get('/', ['Range: bytes=10-']);
    const changed = await lb.get('/', ['Range: bytes=2-4', 'If-Range: "b"']);

    expect([one.status, one.body, headerOf(one, 'content-range')]).toEqual([
      206,
      '234',
      'bytes 2-4/10',
    ]);
    const boundary = /boundary=(.+)$/.exec(headerOf(several, 'content-type') ?? '')?.[1];
    const part = (range: string, text: string): string =>
      `--${boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes ${range}/10\r\n\r\n${text}\r\n`;
    expect(several.body).toBe(`${part('0-0', '0')}${part('8-9', '89')}--${boundary}--\r\n`);
    expect([none.status, headerOf(none, 'content-range')]).toEqual([416, 'bytes */10']);
    expect([changed.status, changed.body]).toEqual([200, '0123456789']);
    expect(lb.backend.requests.length).toBe(1);
  });

  test('is one of several, by what the answer varies by', async () => {
    await using lb = await startCached({
      respond: ({ headers }) =>
        freshAnswer(headers.find(([name]) => name === 'Accept-Language')?.[1] ?? 'none', [
          'Vary: Accept-Language',
        ]),
    });

    for (const language of ['de', 'en']) await lb.get('/', [`Accept-Language: ${language}`]);
    const german = await lb.get('/', ['Accept-Language: DE']);
    const none = await lb.get('/');

    expect([german.body, statusOf(german)]).toEqual(['de', 'lb; hit; ttl=60']);
    expect([none.body, statusOf(none)]).toEqual(['none', 'lb; fwd=vary-miss; stored']);
  });

  test('larger than maxObject is passed on and not stored', async () => {
    const body = 'x'.repeat(100_000);
    await using lb = await startCached({
      cache: '{ maxObject: 64KiB }',
      respond: ({ target }) =>
        target === '/chunked'
          ? `HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
          : freshAnswer(body),
    });

    for (const target of ['/counted', '/counted', '/chunked', '/chunked'])
      expect((await lb.get(target)).body).toBe(body);

    expect(lb.backend.requests.length).toBe(4);
  });
});

describe('a stale answer', () => {
  test('is validated, and goes on with what the confirmation says', async () => {
    let count = 0;
    const respond: Respond = () =>
      ++count === 1
        ? freshAnswer('x', ['ETag: "a"', 'X-Version: 1'])
        : confirmation([
            'ETag: "a"',
            'X-Version: 2',
            'Cache-Control: max-age=10',
            'Set-Cookie: s=1',
          ]);
    await using lb = await startCached({ respond });

    await lb.get();
    lb.clock.pass(61_000);
    const validated = await lb.get('/', ['If-None-Match: "z"', 'Range: bytes=0-0']);
    const hit = await lb.get();

    expect([validated.status, validated.body, headerOf(validated, 'x-version')]).toEqual([
      206,
      'x',
      '2',
    ]);
    expect(statusOf(validated)).toBe('lb; fwd=stale; fwd-status=304; ttl=10');
    expect(headerOf(validated, 'set-cookie')).toBe('s=1');
    expect([hit.body, headerOf(hit, 'x-version'), headerOf(hit, 'set-cookie')]).toEqual([
      'x',
      '2',
      undefined,
    ]);
    const [, second] = lb.backend.requests;
    expect(second && valuesOf(second, 'if-none-match')).toEqual(['"a"']);
    expect(second && valuesOf(second, 'range')).toEqual([]);
    await lb.counted('revalidated', 1);
  });

  test('that the backend confirms with another tag is asked for whole', async () => {
    let count = 0;
    const respond: Respond = () => {
      count++;
      if (count === 1) return freshAnswer('old', ['ETag: "a"']);
      return count === 2 ? confirmation(['ETag: "b"']) : freshAnswer('new', ['ETag: "b"']);
    };
    await using lb = await startCached({ respond });

    await lb.get();
    lb.clock.pass(61_000);

    expect((await lb.get()).body).toBe('new');
    expect((await lb.get()).body).toBe('new');
  });

  test('is used while it is asked for again, where the answer allows it', async () => {
    let count = 0;
    await using lb = await startCached({
      respond: () =>
        okAnswer(String(++count), ['Cache-Control: s-maxage=10, stale-while-revalidate=20']),
    });

    await lb.get();
    lb.clock.pass(15_000);
    const stale = await lb.get();
    await eventually(() => expect(lb.backend.requests.length).toBe(2));
    const renewed = await eventually(async () => {
      const answer = await lb.get();
      expect(answer.body).toBe('2');
      return answer;
    });

    expect([stale.body, statusOf(stale)]).toEqual([
      '1',
      'lb; hit; detail=stale-while-revalidate; ttl=-5',
    ]);
    expect(statusOf(renewed)).toBe('lb; hit; ttl=10');
  });

  test.each([
    ['an error', 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'],
    ['no answer', 'HTTP/1.1 nonsense\r\n\r\n'],
  ])('stands in for %s, as long as it is configured and allowed', async (_, failure) => {
    let isDown = false;
    await using lb = await startCached({
      cache: '{ staleIfError: 1m }',
      respond: ({ target }) => {
        if (isDown) return failure;
        return target === '/strict'
          ? okAnswer('x', ['Cache-Control: max-age=60, must-revalidate'])
          : freshAnswer('x');
      },
    });

    for (const target of ['/', '/strict']) await lb.get(target);
    isDown = true;
    lb.clock.pass(100_000);
    const stale = await lb.get();
    const strict = await lb.get('/strict');
    lb.clock.pass(30_000);
    const late = await lb.get();

    expect([stale.status, statusOf(stale)]).toEqual([
      200,
      'lb; fwd=stale; detail=stale-if-error; ttl=-40',
    ]);
    expect(strict.status).toBeGreaterThanOrEqual(502);
    expect(late.status).toBeGreaterThanOrEqual(502);
  });
});

describe('a request', () => {
  test.each([
    ['no-cache', 'lb; fwd=request; stored'],
    ['max-age=10', 'lb; fwd=request; stored'],
    ['min-fresh=50', 'lb; fwd=request; stored'],
    ['max-age=40', 'lb; hit; ttl=40'],
    ['no-store', 'lb; hit; ttl=40'],
  ])('with Cache-Control: %s gets: %s', async (directive, status) => {
    await using lb = await startCached();

    await lb.get();
    lb.clock.pass(20_000);

    expect(statusOf(await lb.get('/', [`Cache-Control: ${directive}`]))).toBe(status);
  });

  test('with max-age=0 gets an answer that is immutable, one with max-stale a stale one', async () => {
    await using lb = await startCached({
      respond: () => okAnswer('x', ['Cache-Control: max-age=60, immutable']),
    });

    await lb.get();
    lb.clock.pass(20_000);
    expect(statusOf(await lb.get('/', ['Cache-Control: max-age=0']))).toBe('lb; hit; ttl=40');
    lb.clock.pass(50_000);
    expect(statusOf(await lb.get('/', ['Cache-Control: max-stale=20']))).toBe(
      'lb; hit; detail=max-stale; ttl=-10',
    );
  });

  test('with only-if-cached gets 504 when nothing is stored, and no backend is asked', async () => {
    await using lb = await startCached();

    const answer = await lb.get('/', ['Cache-Control: only-if-cached']);

    expect(answer.status).toBe(504);
    expect(lb.backend.requests).toEqual([]);
  });

  test('that changes something takes what is stored out, on all routes of the cache', async () => {
    await using lb = await startCached({
      config:
        'routes: [{ name: write, pool: web, cache: c, match: { methods: [POST] } }, { name: read, pool: web, cache: c }]',
      respond: ({ method, target }) =>
        method === 'POST'
          ? okAnswer(
              '',
              target === '/fails'
                ? []
                : ['Location: http://lb.test/b?c', 'Content-Location: http://other.test/d'],
            ).replace('200 OK', target === '/fails' ? '500 No' : '201 Created')
          : freshAnswer('x'),
    });
    const stored = async (target: string): Promise<boolean> =>
      statusOf(await lb.get(target))?.startsWith('lb; hit') === true;

    for (const target of ['/a', '/b?c', '/d', '/fails']) await lb.get(target);
    await lb.get('/a', [], 'POST');
    await lb.get('/fails', [], 'POST');

    expect(await stored('/a')).toBe(false);
    expect(await stored('/b?c')).toBe(false);
    expect(await stored('/d')).toBe(true);
    expect(await stored('/fails')).toBe(true);
  });
});

test('a reload keeps what is stored; a cache that is gone forgets', async () => {
  await using lb = await startCached();
  const pools = `pools: { web: { backends: ["${lb.backend.url}"] } }\n`;
  const cached = `${pools}routes: [{ name: all, pool: web, cache: c }]\n`;

  await lb.get();
  lb.worker.apply(`${cached}caches: { c: { addStatusHeader: false } }\n`);
  const kept = await lb.get();
  lb.worker.apply(pools);
  lb.worker.apply(`${cached}caches: { c: {} }\n`);

  expect([kept.body, statusOf(kept)]).toEqual(['1', undefined]);
  expect((await lb.get()).body).toBe('2');
});
