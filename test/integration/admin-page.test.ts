import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../support/fake-clock.ts';
import { ask, raw, startAdmin } from '../support/admin-fixture.ts';
import { PAGE_FILES, smallPage } from '../support/page-fixture.ts';

const TOKEN = 'long-enough';
const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const page = smallPage();

describe('admin server: the page', () => {
  test('a browser gets the page at /, others the list of paths', async () => {
    await using admin = await startAdmin({ page });
    const html = await ask(admin.port, 'GET', '/', { headers: BROWSER });
    expect(html).toMatchObject({ status: 200, body: PAGE_FILES['index.html'] });
    for (const accept of ['*/*', 'text/plain', undefined]) {
      const headers = accept === undefined ? {} : { accept };
      const { body } = await ask(admin.port, 'GET', '/', { headers });
      expect(body).toContain('/api/v1/status');
    }
  });

  test('without a page a browser gets the list as well', async () => {
    await using admin = await startAdmin();
    const { headers } = await ask(admin.port, 'GET', '/', { headers: BROWSER });
    expect(headers['content-type']).toMatch('text/plain');
    expect((await ask(admin.port, 'GET', '/dashboard.js')).status).toBe(404);
  });

  test.each([
    ['/dashboard.js', 'text/javascript; charset=utf-8', PAGE_FILES['dashboard.js']],
    ['/dashboard.css', 'text/css; charset=utf-8', PAGE_FILES['dashboard.css']],
    ['/favicon.svg', 'image/svg+xml', PAGE_FILES['favicon.svg']],
  ])('%s is %s', async (path, type, text) => {
    await using admin = await startAdmin({ page });
    const { headers, body } = await ask(admin.port, 'GET', path);
    expect(headers['content-type']).toBe(type);
    expect(body).toBe(text);
  });

  test('runs nothing but its own scripts, and cannot be framed', async () => {
    await using admin = await startAdmin({ page });
    const { headers } = await ask(admin.port, 'GET', '/', { headers: BROWSER });
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'self'; /);
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  test('is compressed for those who can read that', async () => {
    await using admin = await startAdmin({ page });
    const answer = await fetch(`http://127.0.0.1:${admin.port}/dashboard.js`);
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(await answer.text()).toBe(PAGE_FILES['dashboard.js']);
  });

  test.each([
    '/../../etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/dashboard.js/../../index.html',
    '/%2e%2e/%2e%2e/package.json',
    '//etc/passwd',
    '/dashboard.js%00.html',
    '/index.html',
    '/dashboard.js/',
    '/..\\..\\package.json',
  ])('there is no way out of its folder: %s', async (target) => {
    await using admin = await startAdmin({ page });
    const answer = await raw(
      admin.port,
      `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
  });

  test('is not served under a name that is not ours, nor to be embedded elsewhere', async () => {
    await using admin = await startAdmin({ page });
    const rebound = { ...BROWSER, host: 'evil.example' };
    expect((await ask(admin.port, 'GET', '/', { headers: rebound })).status).toBe(403);
    const embedded = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'script' };
    expect((await ask(admin.port, 'GET', '/dashboard.js', { headers: embedded })).status).toBe(403);
  });
});

describe('admin server: login', () => {
  const cookieOf = (header: unknown): string => String(header).split(';')[0] ?? '';

  async function logIn(port: number, token: string) {
    return ask(port, 'POST', '/api/v1/login', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
  }

  test('the page needs no token, what it shows does', async () => {
    await using admin = await startAdmin({ page, token: TOKEN });
    expect((await ask(admin.port, 'GET', '/', { headers: BROWSER })).status).toBe(200);
    expect((await ask(admin.port, 'GET', '/dashboard.js')).status).toBe(200);
    for (const path of ['/', '/api/v1/status', '/metrics', '/api/v1/logout'])
      expect((await ask(admin.port, 'GET', path)).status).toBe(401);
  });

  test('the token is answered with a cookie that no script and no other site can use', async () => {
    await using admin = await startAdmin({ page, token: TOKEN });
    const { status, headers } = await logIn(admin.port, TOKEN);
    expect(status).toBe(200);
    const [cookie = ''] = headers['set-cookie'] ?? [];
    expect(cookie).toMatch(
      /^lbctl_[0-9a-f]{8}=[\w-]{43}; Max-Age=43200; Path=\/api\/; HttpOnly; SameSite=Strict$/,
    );
    expect(cookie).not.toContain(TOKEN);
    expect(admin.asked).toEqual(['login ok']);
  });

  test('the cookie opens the API until it is 12 hours old', async () => {
    const clock = new FakeClock();
    await using admin = await startAdmin({ page, token: TOKEN, clock });
    const cookie = cookieOf((await logIn(admin.port, TOKEN)).headers['set-cookie']);
    const status = async (): Promise<number> =>
      (await ask(admin.port, 'GET', '/api/v1/status', { headers: { cookie } })).status;
    expect(await status()).toBe(200);
    clock.pass(12 * 3_600_000 - 1);
    expect(await status()).toBe(200);
    clock.pass(1);
    expect(await status()).toBe(401);
  });

  test('a session that was ended opens nothing', async () => {
    await using admin = await startAdmin({ page, token: TOKEN });
    const cookie = cookieOf((await logIn(admin.port, TOKEN)).headers['set-cookie']);
    const headers = { cookie, origin: `http://127.0.0.1:${admin.port}` };
    const ended = await ask(admin.port, 'POST', '/api/v1/logout', { headers });
    expect(String(ended.headers['set-cookie'])).toContain('Max-Age=0');
    expect((await ask(admin.port, 'GET', '/api/v1/status', { headers })).status).toBe(401);
  });

  test.each([
    ['of another site', { origin: 'http://evil.example' }, 403],
    ['of another port of this host', { origin: 'http://127.0.0.1:1' }, 403],
    ['of no page', {}, 401],
  ])('a session changes nothing for a request %s', async (_, more, expected) => {
    await using admin = await startAdmin({ page, token: TOKEN });
    const cookie = cookieOf((await logIn(admin.port, TOKEN)).headers['set-cookie']);
    const headers = { cookie, ...more };
    expect((await ask(admin.port, 'POST', '/api/v1/reload', { headers })).status).toBe(expected);
    expect(admin.asked).toEqual(['login ok']);
  });

  test('a session makes changes for its own page', async () => {
    await using admin = await startAdmin({ page, token: TOKEN });
    const cookie = cookieOf((await logIn(admin.port, TOKEN)).headers['set-cookie']);
    const headers = { cookie, origin: `http://127.0.0.1:${admin.port}` };
    expect((await ask(admin.port, 'POST', '/api/v1/reload', { headers })).status).toBe(200);
  });

  test.each(['Xong-enough', 'long-enougX', 'l', 'long-enough-and-more', '', 'é'.repeat(40)])(
    'the answer to %p tells nothing of the token',
    async (wrong) => {
      await using admin = await startAdmin({ page, token: TOKEN });
      const { status, headers, body } = await logIn(admin.port, wrong);
      expect({ status, body }).toEqual({
        status: 401,
        body: '{"error":"this is not the token"}\n',
      });
      expect(headers['set-cookie']).toBeUndefined();
      expect(admin.asked).toEqual(['login refused']);
    },
  );

  test('an address that guesses is not heard for a minute, its sessions are', async () => {
    const clock = new FakeClock();
    await using admin = await startAdmin({ page, token: TOKEN, clock });
    const cookie = cookieOf((await logIn(admin.port, TOKEN)).headers['set-cookie']);
    for (let guess = 0; guess < 20; guess++)
      expect((await logIn(admin.port, `guess-${guess}`)).status).toBe(401);
    const refused = await logIn(admin.port, TOKEN);
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBe('60');
    const bearer = { authorization: `Bearer ${TOKEN}` };
    const askFor = async (headers: object): Promise<number> =>
      (await ask(admin.port, 'GET', '/api/v1/status', { headers: { ...headers } })).status;
    expect(await askFor(bearer)).toBe(429);
    expect(await askFor({ cookie })).toBe(200);
    clock.pass(60_000);
    expect(await askFor(bearer)).toBe(200);
  });

  test.each([
    ['{"token": 7}', 'token: expected a text'],
    ['{"token": "a", "user": "b"}', 'unknown key "user"; allowed: token'],
  ])('a login with %s is refused', async (body, error) => {
    await using admin = await startAdmin({ page, token: TOKEN });
    const headers = { 'content-type': 'application/json' };
    const answer = await ask(admin.port, 'POST', '/api/v1/login', { headers, body });
    expect(answer).toMatchObject({ status: 400, body: `${JSON.stringify({ error })}\n` });
  });

  test.each([
    [TOKEN, true],
    [null, false],
  ])('everybody may ask whether there is a token: %p', async (token, required) => {
    await using admin = await startAdmin({ page, token });
    const { body } = await ask(admin.port, 'GET', '/api/v1/login');
    expect(JSON.parse(body)).toEqual({ required });
  });

  test('without a token nobody needs to log in', async () => {
    await using admin = await startAdmin({ page });
    const { status, headers } = await logIn(admin.port, 'anything');
    expect(status).toBe(200);
    expect(headers['set-cookie']).toBeUndefined();
  });
});
