/** Sessions by the balancer's own cookie. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { StickyPool } from '../support/sticky-pool.ts';

const COOKIE = '{ mode: cookie }';

/** What a browser sends back. */
const cookieOf = (lines: string): string => /^Set-Cookie: ([^;]+)/.exec(lines)?.[1] ?? '';

/** A session on a pool. @returns its backend and its cookie */
async function begin(pool: StickyPool): Promise<{ backend: string; cookie: string }> {
  const request = pool.request();
  const backend = (await request.next()) ?? '';
  return { backend, cookie: cookieOf(await request.answer()) };
}

describe('the cookie', () => {
  test('is set for a client that has none, and is no secret of the backend', async () => {
    const request = new StickyPool({ sticky: COOKIE }).request();
    await request.next();

    expect(await request.answer()).toMatch(
      /^Set-Cookie: lb_web=[\w-]{22}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax\r\n$/,
    );
  });

  test('has a value that no release may change, for all sessions would end', async () => {
    const { backend, cookie } = await begin(new StickyPool({ sticky: COOKIE, names: ['a'] }));
    const mac = createHmac('sha256', 'secret').update(`web\0${backend}`).digest('base64url');

    expect(cookie).toBe(`lb_web=${mac.slice(0, 22)}`);
  });

  test('brings every later request to the same backend, and is not set again', async () => {
    const pool = new StickyPool({ sticky: COOKIE });
    const { backend, cookie } = await begin(pool);

    for (let i = 0; i < 10; i++) {
      const request = pool.request({ cookie: `x=1; ${cookie}; y=2` });
      expect(await request.next()).toBe(backend);
      expect(await request.answer()).toBe('');
    }
    expect(pool.counts()).toEqual({ hit: 10, new: 1, rebound: 0 });
  });

  test('is the same from every worker and every instance with the secret', async () => {
    const { backend, cookie } = await begin(new StickyPool({ sticky: COOKIE }));
    const other = new StickyPool({ sticky: COOKIE, place: 1, names: ['c', 'b', 'a'] });

    expect(await other.ask({ cookie })).toBe(backend);
  });

  test.each([
    ['name', '{ mode: cookie, cookie: SRV }', /^Set-Cookie: SRV=/],
    ['the end of the browser', '{ mode: cookie, ttl: 0s }', /=[\w-]{22}; Path=\/; HttpOnly;/],
    ['path', '{ mode: cookie, path: /app }', /; Path=\/app;/],
    ['domain', '{ mode: cookie, domain: example.com }', /; Domain=example\.com;/],
    ['SameSite', '{ mode: cookie, sameSite: none }', /; SameSite=None\r\n$/],
    ['Secure', '{ mode: cookie, secure: true }', /; Secure\r\n$/],
    ['a fraction of a second', '{ mode: cookie, ttl: 1500ms }', /; Max-Age=2;/],
  ])('says what was configured: %s', async (_what, sticky, expected) => {
    const request = new StickyPool({ sticky }).request();
    await request.next();

    expect(await request.answer()).toMatch(expected);
  });

  test.each([
    ['https', true],
    ['https, http', true],
    ['http', false],
  ])('is Secure by itself where a trusted proxy says %s: %s', async (proto, isSecure) => {
    const request = new StickyPool({ sticky: COOKIE }).request({ 'x-forwarded-proto': proto });
    await request.next();

    expect((await request.answer()).includes('; Secure')).toBe(isSecure);
  });
});

describe('a cookie that is not of this pool is ignored', () => {
  test('any bit of it changed', async () => {
    const pool = new StickyPool({ sticky: COOKIE });
    const { cookie } = await begin(pool);
    const [name = '', value = ''] = cookie.split('=');
    const forged = value.split('').map((character, i) => {
      const other = character === 'A' ? 'B' : 'A';
      return `${name}=${value.slice(0, i)}${other}${value.slice(i + 1)}`;
    });

    for (const one of [...forged, `${name}=`, `${name}=127.0.0.1:97`]) {
      const request = pool.request({ cookie: one });
      await request.next();
      expect(cookieOf(await request.answer())).not.toBe('');
    }
    expect(pool.counts()).toEqual({ hit: 0, new: forged.length + 3, rebound: 0 });
  });

  test('made with another secret', async () => {
    const { cookie } = await begin(new StickyPool({ sticky: COOKIE, secret: 'another' }));
    const pool = new StickyPool({ sticky: COOKIE });

    await pool.ask({ cookie });

    expect(pool.counts()).toMatchObject({ hit: 0, new: 1 });
  });

  test('of a backend that left', async () => {
    const pool = new StickyPool({ sticky: COOKIE, names: ['a'] });
    const { cookie } = await begin(pool);
    pool.apply({ names: ['b', 'c'] });

    expect(await pool.ask({ cookie })).toMatch(/[bc]/);
    expect(pool.counts()).toEqual({ hit: 0, new: 2, rebound: 0 });
  });

  test('and it is good again when its backend comes back', async () => {
    const pool = new StickyPool({ sticky: COOKIE, names: ['a'] });
    const { cookie } = await begin(pool);
    pool.apply({ names: ['b'] });
    pool.apply({ names: ['b', 'a'] });

    for (let i = 0; i < 4; i++) expect(await pool.ask({ cookie })).toBe('a');
  });
});

describe('a reload', () => {
  test('that adds backends moves nobody', async () => {
    const pool = new StickyPool({ sticky: COOKIE, names: ['b'] });
    const { cookie } = await begin(pool);
    pool.apply({ names: ['a', 'b', 'c'] });

    for (let i = 0; i < 6; i++) expect(await pool.ask({ cookie })).toBe('b');
  });

  test('with another secret ends all sessions', async () => {
    const pool = new StickyPool({ sticky: COOKIE });
    const { cookie } = await begin(pool);
    pool.apply({ secret: 'another' });

    await pool.ask({ cookie });

    expect(pool.counts()).toEqual({ hit: 0, new: 2, rebound: 0 });
  });

  test('that makes the weight 0 lets sessions stay, and brings no new ones', async () => {
    const pool = new StickyPool({ sticky: COOKIE, names: ['a'] });
    const { cookie } = await begin(pool);
    pool.apply({ names: ['a*0', 'b'] });

    expect(await pool.ask({ cookie })).toBe('a');
    for (let i = 0; i < 4; i++) expect((await begin(pool)).backend).toBe('b');
  });
});

describe('a backend that is down', () => {
  test('loses its sessions to another, with a cookie for that one', async () => {
    const pool = new StickyPool({ sticky: COOKIE });
    const { backend, cookie } = await begin(pool);
    pool.setState(backend, 'down');
    const request = pool.request({ cookie });

    const next = await request.next();
    const renewed = cookieOf(await request.answer());

    expect(next).not.toBe(backend);
    expect(await pool.ask({ cookie: renewed })).toBe(next);
    expect(pool.counts()).toEqual({ hit: 1, new: 1, rebound: 1 });
  });

  test('or fails the request: the same, for that is the answer that came', async () => {
    const pool = new StickyPool({ sticky: COOKIE });
    const { backend, cookie } = await begin(pool);
    const request = pool.request({ cookie });

    expect(await request.next()).toBe(backend);
    const next = await request.next();

    expect(next).not.toBe(backend);
    expect(cookieOf(await request.answer())).not.toBe('');
  });

  test('and is the only one: nobody is chosen', async () => {
    const pool = new StickyPool({ sticky: COOKIE, names: ['a'] });
    const { cookie } = await begin(pool);
    pool.setState('a', 'down');

    expect(await pool.request({ cookie }).next()).toBeUndefined();
  });
});
