import { describe, expect, test } from '@jest/globals';
import { expectRefused } from '../support/expect-refused.ts';
import { startFront } from '../support/front.ts';
import { ask, askUntilClosed, headerOf, requestText } from '../support/raw-client.ts';
import { valuesOf } from '../support/strict-request-parser.ts';

/** A request whose Host is as given. */
function withHost(host: string, target = '/'): string {
  return `GET ${target} HTTP/1.1\r\nHost:${host}\r\n\r\n`;
}

describe('Host', () => {
  test.each([
    ' ',
    ' a,b',
    ' a, b',
    ' a b',
    ' a@b',
    ' user:pass@b',
    ' a/b',
    ' a?b',
    ' a#b',
    ' a\\b',
    ' a:99999',
    ' a:80:80',
    ' a:-1',
    ' a:x',
    ' :80',
    ' [::1',
    ' ::1',
    ' a%41',
    ' a%00',
    ' <a>',
    ' "a"',
    ' a\xe9',
  ])('refuses the Host %p', async (host) => {
    await expectRefused(withHost(host));
  });

  test.each([
    'a',
    'A.Example',
    'a_b',
    'a.',
    'a:80',
    'a:',
    '[::1]',
    '[::1]:8080',
    '127.0.0.1',
    'a=b',
  ])('takes the Host %p and passes it as it came', async (host) => {
    await using front = await startFront();
    await ask(front.port, withHost(` ${host}`));
    expect(valuesOf(front.backend.only, 'host')).toEqual([host]);
  });

  test('refuses an HTTP/1.1 request without Host', async () => {
    await expectRefused('GET / HTTP/1.1\r\n\r\n');
  });

  test.each(['lb.test', 'evil.test'])('refuses a second Host that says %s', async (second) => {
    await expectRefused(requestText('GET /', [`Host: ${second}`]));
  });

  test('gives a backend its own name as Host when an HTTP/1.0 request has none', async () => {
    await using front = await startFront();
    const [answer] = await askUntilClosed(front.port, 'GET / HTTP/1.0\r\n\r\n');
    expect(answer?.status).toBe(200);
    expect(valuesOf(front.backend.only, 'host')).toEqual([new URL(front.backend.url).host]);
  });

  test.each(['169.254.169.254', 'localhost:22', 'metadata.internal'])(
    'never chooses a backend by the Host %p',
    async (host) => {
      await using front = await startFront();
      const { body } = await ask(front.port, withHost(` ${host}`));
      expect(body).toBe('GET /');
      expect(front.backend.requests).toHaveLength(1);
    },
  );
});

describe('the target', () => {
  test('sends an absolute target in origin form', async () => {
    await using front = await startFront();
    await ask(front.port, withHost(' lb.test', 'http://lb.test/a?b=c'));
    expect(front.backend.only.target).toBe('/a?b=c');
    expect(valuesOf(front.backend.only, 'host')).toEqual(['lb.test']);
  });

  test.each([
    ['http://lb.test', '/'],
    ['http://lb.test?b=c', '/?b=c'],
    ['HTTP://LB.test/a', '/a'],
  ])('reads the absolute target %s as %s', async (target, forwarded) => {
    await using front = await startFront();
    await ask(front.port, withHost(' lb.test', target));
    expect(front.backend.only.target).toBe(forwarded);
  });

  test.each([
    'http://evil.test/',
    'http://lb.test:81/',
    'http://lb.test@evil.test/',
    'http://',
    'http:///a',
    'ftp://lb.test/',
    'javascript:alert(1)',
    'lb.test:443',
    'lb.test',
    'evil',
    '*',
    '/a#b',
    '?a',
    '',
  ])('refuses the target %p of a GET', async (target) => {
    await expectRefused(withHost(' lb.test', target));
  });

  test('takes Host from an absolute target in HTTP/1.0', async () => {
    await using front = await startFront();
    await askUntilClosed(front.port, 'GET http://a.test/x HTTP/1.0\r\n\r\n');
    expect(valuesOf(front.backend.only, 'host')).toEqual(['a.test']);
  });

  test('answers OPTIONS * itself', async () => {
    await using front = await startFront();
    const answer = await ask(front.port, requestText('OPTIONS *'));
    expect(answer.status).toBe(200);
    expect(headerOf(answer, 'allow')).toContain('GET');
    expect(front.backend.requests).toEqual([]);
  });

  test('refuses M-SEARCH *', async () => {
    await expectRefused(requestText('M-SEARCH *'));
  });

  test('passes a query untouched', async () => {
    await using front = await startFront();
    await ask(front.port, requestText('GET /a?x=/../b&%2e=%41&"q"&{}|^`\\?/'));
    expect(front.backend.only.target).toBe('/a?x=/../b&%2e=%41&"q"&{}|^`\\?/');
  });
});

describe('methods', () => {
  test('answers CONNECT with 405 and closes', async () => {
    const answer = await expectRefused(
      'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n',
      405,
    );
    expect(headerOf(answer, 'allow')).toBeDefined();
  });

  test('answers TRACE with 405', async () => {
    await using front = await startFront();
    const answer = await ask(front.port, requestText('TRACE /', ['Cookie: secret=1']));
    expect(answer.status).toBe(405);
    expect(headerOf(answer, 'allow')).toBeDefined();
    expect(answer.body).not.toContain('secret');
    expect(front.backend.requests).toEqual([]);
  });

  test('passes TRACE where a route names it', async () => {
    await using front = await startFront({
      config: 'routes: [{ match: { methods: [TRACE] }, pool: web }]',
    });
    expect((await ask(front.port, requestText('TRACE /'))).status).toBe(200);
    expect(front.backend.only.method).toBe('TRACE');
  });

  test.each(['PROPFIND', 'PURGE', 'QUERY', 'M-SEARCH', 'UNLINK'])('passes %s', async (method) => {
    await using front = await startFront();
    await ask(front.port, requestText(`${method} /`));
    expect(front.backend.only.method).toBe(method);
  });
});

describe('a rule on /admin', () => {
  const config = `
routes:
  - { match: { paths: [/admin] }, respond: { status: 403, body: refused } }
  - { pool: web }`;

  test.each([
    '/admin',
    '/admin/',
    '/admin/x',
    '//admin',
    '///admin//x',
    '/./admin',
    '/a/../admin',
    '/a/./../admin/x',
    '/%61dmin',
    '/%61%64%6d%69%6e',
    '/a/%2e%2e/admin',
    '/a/%2E./admin',
    '/%2e/admin',
    '/admin?x',
    '//a/..//admin',
    'http://lb.test/admin',
    'http://lb.test//admin',
  ])('meets %s', async (target) => {
    await using front = await startFront({ config });
    const answer = await ask(front.port, withHost(' lb.test', target));
    expect(answer).toMatchObject({ status: 403, body: 'refused' });
    expect(front.backend.requests).toEqual([]);
  });

  test.each([
    '/a%2f..%2fadmin',
    '/a/..%2fadmin',
    '/a%2f../admin',
    '/a%5c..%5cadmin',
    '/a/%2e%2e%2fadmin',
    '/a/%2e%2e%5cadmin',
    '/a\\..\\admin',
    '\\admin',
    '/admin%00',
    '/%00/admin',
    '/%',
    '/%4',
    '/%zz',
    '/%u0061dmin',
    '/..',
    '/../admin',
    '/a/../../admin',
    '/%2e%2e/admin',
    '/%2e%2e%2fadmin',
  ])('is not passed by %s, which is refused', async (target) => {
    await expectRefused(withHost(' lb.test', target), 400, { config });
  });

  test.each([
    ['/administrator', '/administrator'],
    ['/admin;x', '/admin;x'],
    ['/Admin', '/Admin'],
    ['/%2561dmin', '/%2561dmin'],
    ['/x%2Fadmin', '/x%2Fadmin'],
    ['//x//y', '//x//y'],
    ['/x/%7Euser', '/x/~user'],
    ['/x/./y/../z', '/x/z'],
    ['/x/..', '/'],
    ['/x%20y', '/x%20y'],
    ['/...', '/...'],
    ['/x%2f.hidden', '/x%2f.hidden'],
  ])('says nothing of %s, which goes on as %s', async (target, forwarded) => {
    await using front = await startFront({ config });
    await ask(front.port, withHost(' lb.test', target));
    expect(front.backend.only.target).toBe(forwarded);
  });
});
