/**
 * No client may decide what another one gets: what is not in the key of an answer does not change it, or the answer is not
 * kept (web cache poisoning and deception, CPDoS).
 */
import { describe, expect, test } from '@jest/globals';
import { freshAnswer, startCached, statusOf } from '../support/cached-front.ts';
import { ask, requestText } from '../support/raw-client.ts';
import { okAnswer, type Respond } from '../support/recording-backend.ts';

/** A backend that puts all it is told into its answer, and lets everybody keep it. */
const reflecting: Respond = ({ method, target, headers, body }) =>
  freshAnswer(
    [`${method} ${target}`, ...headers.map(([name, value]) => `${name}: ${value}`), body]
      .filter((line) => !/^(x-request-id|x-real-ip|x-forwarded-for|x-forwarded-port):/i.test(line))
      .join('\n'),
  );

describe('what an attacker sends with a request', () => {
  test.each([
    ['X-Forwarded-Host', ['X-Forwarded-Host: evil.test']],
    ['an alias of it', ['X_Forwarded_Host: evil.test']],
    ['Forwarded', ['Forwarded: host=evil.test']],
    ['X-Forwarded-Proto', ['X-Forwarded-Proto: https']],
    ['X-Forwarded-Prefix', ['X-Forwarded-Prefix: /evil']],
    ['X-Original-URL', ['X-Original-URL: /admin']],
    ['X-Rewrite-URL, in another spelling', ['x_rewrite_url: /admin']],
    ['X-Host', ['X-Host: evil.test']],
    ['X-HTTP-Method-Override', ['X-HTTP-Method-Override: DELETE']],
    ['X-Request-Id', ['X-Request-Id: evil']],
    ['a body', ['Content-Length: 4'], 'evil'],
    ['a body in chunks', ['Transfer-Encoding: chunked'], '4\r\nevil\r\n0\r\n\r\n'],
    ['a precondition', ['If-Match: "evil"']],
  ])('is not in what others get: %s', async (_, fields, body = '') => {
    await using lb = await startCached({ respond: reflecting });

    await ask(lb.port, requestText('GET /page', fields, body));
    const other = await lb.get('/page');

    expect(other.body).not.toMatch(/evil|admin|DELETE/i);
    expect(other.body).toContain('X-Forwarded-Proto: http\n');
  });

  test('is told apart where it is part of the address: Host, in its very spelling, and the query', async () => {
    await using lb = await startCached({ respond: reflecting });
    const hostile = (host: string, target = '/page'): Promise<unknown> =>
      ask(lb.port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

    for (const host of ['evil.test', 'lb.test:1337', 'LB.test', 'lb.test.']) await hostile(host);
    await hostile('lb.test', '/page?evil');
    const other = await lb.get('/page');

    expect(statusOf(other)).toBe('lb; fwd=uri-miss; stored');
    expect(other.body).toContain('Host: lb.test\n');
  });

  test('is the same address in all its spellings', async () => {
    await using lb = await startCached({ respond: reflecting });

    await lb.get('/a/../page%7e');

    expect(statusOf(await lb.get('/page~'))).toBe('lb; hit; ttl=60');
  });

  test.each([400, 405, 413, 431, 501])(
    'and the backend refuses with %d is nobody else’s answer',
    async (status) => {
      const refusal = okAnswer('', ['Cache-Control: max-age=60']).replace('200 OK', `${status} No`);
      await using lb = await startCached({
        cache: '{ defaultTtl: 1m }',
        respond: ({ headers }) =>
          headers.some(([name]) => name === 'X-Oversized')
            ? status === 405
              ? okAnswer('').replace('200 OK', '405 No')
              : refusal
            : freshAnswer('fine'),
      });

      const attack = await lb.get('/', [`X-Oversized: ${'x'.repeat(10_000)}`]);
      const other = await lb.get('/');

      expect([attack.status, other.status]).toEqual([status, 200]);
    },
  );

  test('that chooses another route is not what the other route gets', async () => {
    await using lb = await startCached({
      config:
        'routes: [{ name: beta, pool: web, cache: c, match: { headers: { x-beta: "1" } }, headers: { request: { set: { X-Way: beta } } } }, { name: rest, pool: web, cache: c }]',
      respond: ({ headers }) =>
        freshAnswer(headers.some(([name]) => name === 'X-Way') ? 'beta' : 'rest'),
    });

    await lb.get('/', ['X-Beta: 1']);

    expect((await lb.get('/')).body).toBe('rest');
    expect((await lb.get('/', ['X-Beta: 1'])).body).toBe('beta');
  });

  test('with a Range or a condition does not leave a part for others', async () => {
    await using lb = await startCached({
      respond: ({ headers }) =>
        headers.some(([name]) => name === 'Range')
          ? 'HTTP/1.1 206 Partial Content\r\nCache-Control: max-age=60\r\nContent-Range: bytes 0-0/2\r\nContent-Length: 1\r\n\r\na'
          : freshAnswer('ab'),
    });

    expect((await lb.get('/', ['Range: bytes=0-0'])).status).toBe(206);

    expect((await lb.get('/')).body).toBe('ab');
  });
});

describe('what is one user’s', () => {
  const account: Respond = ({ headers }) =>
    okAnswer(`account of ${headers.find(([name]) => name === 'Cookie')?.[1] ?? 'nobody'}`);

  test('is not kept for what its address looks like', async () => {
    await using lb = await startCached({ cache: '{ defaultTtl: 1m }', respond: account });

    await lb.get('/account.php/x.css', ['Cookie: ann']);
    const other = await lb.get('/account.php/x.css');

    expect(other.body).toBe('account of nobody');
  });

  test.each([
    ['Authorization', ['Authorization: Bearer ann'], []],
    ['private', [], ['Cache-Control: private, max-age=60']],
    ['no-store', [], ['Cache-Control: no-store, max-age=60']],
    ['Set-Cookie', [], ['Cache-Control: max-age=60', 'Set-Cookie: s=ann']],
  ])('is not kept: an answer with %s', async (_, fields, said) => {
    let count = 0;
    await using lb = await startCached({
      respond: () =>
        okAnswer(String(++count), said.length === 0 ? ['Cache-Control: max-age=60'] : said),
    });

    await lb.get('/', fields);

    expect((await lb.get('/')).body).toBe('2');
  });

  test('is kept when the answer says that it is for everybody', async () => {
    await using lb = await startCached({
      respond: () => okAnswer('x', ['Cache-Control: public, max-age=60', 'Set-Cookie: s=1']),
    });

    await lb.get('/', ['Authorization: Bearer ann']);

    expect(statusOf(await lb.get('/'))).toBe('lb; hit; ttl=60');
  });

  test('what a trusted proxy says of the host belongs to the address', async () => {
    await using lb = await startCached({
      respond: reflecting,
      config: 'trustedProxies: [127.0.0.1]\nroutes: [{ name: all, pool: web, cache: c }]',
    });

    await lb.get('/', ['X-Forwarded-Host: a.test']);
    const other = await lb.get('/', ['X-Forwarded-Host: b.test']);
    const secure = await lb.get('/', ['X-Forwarded-Host: a.test', 'X-Forwarded-Proto: https']);
    const again = await lb.get('/', ['X-Forwarded-Host: a.test']);

    expect(other.body).toContain('X-Forwarded-Host: b.test');
    expect(statusOf(secure)).toBe('lb; fwd=uri-miss; stored');
    expect(statusOf(again)).toBe('lb; hit; ttl=60');
  });
});
