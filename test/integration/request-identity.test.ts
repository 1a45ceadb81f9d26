import { describe, expect, test } from '@jest/globals';
import { type Front, startFront } from '../support/front.ts';
import { ask, headerOf, requestText } from '../support/raw-client.ts';
import { seen } from '../support/seen.ts';
import { valuesOf } from '../support/strict-request-parser.ts';

const TRUSTED = 'trustedProxies: [127.0.0.0/8, 10.0.0.0/8, "2001:db8::/32"]';
const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe('what a client says of itself', () => {
  test.each([
    ['X-Forwarded-For', ['127.0.0.1']],
    ['X-Forwarded-Proto', ['http']],
    ['X-Forwarded-Host', ['lb.test']],
    ['X-Real-IP', ['127.0.0.1']],
    ['Forwarded', []],
    ['X-Forwarded-Prefix', []],
    ['X-Forwarded-Ssl', []],
  ])('is not believed: %s', async (name, expected) => {
    expect(await seen(name, [`${name}: 203.0.113.66`, `${name}: evil`])).toEqual(expected);
  });

  test('is not believed about the port', async () => {
    await using front = await startFront();
    await ask(front.port, requestText('GET /', ['X-Forwarded-Port: 443']));
    expect(valuesOf(front.backend.only, 'x-forwarded-port')).toEqual([String(front.port)]);
  });

  test.each([
    'X_Forwarded_For',
    'X-Forwarded_For',
    'X.Forwarded.For',
    'x_forwarded-host',
    'X_Forwarded_Proto',
    'X_Real_IP',
    'X.Real.IP',
    'X_Request_Id',
    'X-Request_Id',
  ])('is not believed under the alias %s, whoever sends it', async (name) => {
    expect(await seen(name, [`${name}: 203.0.113.66`])).toEqual([]);
    expect(await seen(name, [`${name}: 203.0.113.66`], TRUSTED)).toEqual([]);
  });

  test('passes under a name with _ that is no alias', async () => {
    expect(await seen('my_field', ['my_field: 1'])).toEqual(['1']);
  });
});

describe('what a trusted proxy says of the client', () => {
  test('is kept, and the address of the proxy added', async () => {
    const values = await seen('X-Forwarded-For', ['X-Forwarded-For: 203.0.113.66'], TRUSTED);
    expect(values).toEqual(['203.0.113.66, 127.0.0.1']);
  });

  test('is joined when it comes in several fields', async () => {
    const fields = ['X-Forwarded-For: 203.0.113.66', 'X-Forwarded-For: 10.0.0.9'];
    expect(await seen('X-Forwarded-For', fields, TRUSTED)).toEqual([
      '203.0.113.66, 10.0.0.9, 127.0.0.1',
    ]);
  });

  test.each([
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Host', 'shop.test'],
    ['X-Forwarded-Port', '443'],
    ['Forwarded', 'for=203.0.113.66'],
    ['X-Forwarded-Prefix', '/app'],
  ])('is kept in %s', async (name, value) => {
    expect(await seen(name, [`${name}: ${value}`], TRUSTED)).toEqual([value]);
  });

  test.each([
    ['203.0.113.66', '203.0.113.66'],
    ['203.0.113.66, 10.1.1.1', '203.0.113.66'],
    ['1.2.3.4, 203.0.113.66, 10.1.1.1, 10.2.2.2', '203.0.113.66'],
    ['203.0.113.66:4711', '203.0.113.66'],
    ['::ffff:203.0.113.66', '203.0.113.66'],
    ['203.0.113.66, ::ffff:10.1.1.1', '203.0.113.66'],
    ['203.0.113.66, ::FFFF:10.1.1.1', '203.0.113.66'],
    ['2001:4860::8', '2001:4860::8'],
    ['[2001:4860::8]:4711', '2001:4860::8'],
    ['203.0.113.66, 2001:db8::1', '203.0.113.66'],
    ['10.3.3.3, 10.1.1.1', '10.3.3.3'],
    ['unknown', '127.0.0.1'],
    ['203.0.113.66, unknown, 10.1.1.1', '10.1.1.1'],
    ['203.0.113.66, 999.1.1.1, 10.1.1.1', '10.1.1.1'],
    ['203.0.113.66, ,10.1.1.1,', '203.0.113.66'],
    ['', '127.0.0.1'],
    [','.repeat(10_000), '127.0.0.1'],
  ])('makes the client of "%s" the address %s', async (forwardedFor, client) => {
    const fields = [`X-Forwarded-For: ${forwardedFor}`, 'X-Real-IP: 192.0.2.1'];
    expect(await seen('X-Real-IP', fields, TRUSTED)).toEqual([client]);
  });
});

describe('access rules', () => {
  /** Status for a client behind a trusted proxy, and the requests that the backend got. */
  async function treatment(client: string, access: string): Promise<[number, number]> {
    await using front = await startFront({
      config: `${TRUSTED}\nroutes: [{ pool: web, access: ${access} }]`,
    });
    const answer = await ask(front.port, requestText('GET /', [`X-Forwarded-For: ${client}`]));
    return [answer.status, front.backend.requests.length];
  }

  test.each([
    ['203.0.113.66', '{ deny: [203.0.113.0/24] }', 403],
    ['::ffff:203.0.113.66', '{ deny: [203.0.113.0/24] }', 403],
    ['203.0.114.66', '{ deny: [203.0.113.0/24] }', 200],
    ['203.0.113.66', '{ allow: [203.0.113.0/24] }', 200],
    ['::ffff:203.0.113.66', '{ allow: [203.0.113.0/24] }', 200],
    ['203.0.114.66', '{ allow: [203.0.113.0/24] }', 403],
    ['203.0.113.66', '{ allow: [203.0.113.0/24], deny: [203.0.113.66] }', 403],
    ['2001:4860::8', '{ deny: ["2001:4860::/32"] }', 403],
    ['2001:4861::8', '{ allow: ["2001:4860::/32"] }', 403],
  ])('treat %s by %s with %d', async (client, access, status) => {
    expect(await treatment(client, access)).toEqual([status, status === 200 ? 1 : 0]);
  });

  test('are not passed by a client that claims another address', async () => {
    await using front = await startFront({
      config: 'routes: [{ pool: web, access: { deny: [127.0.0.1] } }]',
    });
    const answer = await ask(front.port, requestText('GET /', ['X-Forwarded-For: 192.0.2.1']));
    expect(answer.status).toBe(403);
  });
});

describe('the request id', () => {
  /** The id that the backend got and the one that the client is told of a balancer's own answer. */
  async function idOf(front: Front, fields: readonly string[]): Promise<string | undefined> {
    await ask(front.port, requestText('GET /', fields));
    return valuesOf(front.backend.only, 'x-request-id').join();
  }

  test('is a UUID of version 7', async () => {
    await using front = await startFront();
    expect(await idOf(front, [])).toMatch(UUID_V7);
  });

  test('is made anew for a client that brings one', async () => {
    await using front = await startFront();
    expect(await idOf(front, ['X-Request-Id: mine'])).toMatch(UUID_V7);
  });

  test('of a trusted proxy is kept', async () => {
    await using front = await startFront({ config: TRUSTED });
    expect(await idOf(front, ['X-Request-Id: abc-123'])).toBe('abc-123');
  });

  test.each(['a b', 'a"b', 'a\\b', 'x'.repeat(129), 'caf\xe9', ''])(
    'of a trusted proxy is replaced when it is %p',
    async (id) => {
      await using front = await startFront({ config: TRUSTED });
      expect(await idOf(front, [`X-Request-Id: ${id}`])).toMatch(UUID_V7);
    },
  );

  test('grows with time', async () => {
    await using front = await startFront();
    for (let i = 0; i < 3; i++) await ask(front.port, requestText('GET /'));
    const times = front.backend.requests.map((request) =>
      valuesOf(request, 'x-request-id').join().slice(0, 13),
    );
    expect([...times].sort()).toEqual(times);
  });

  test('goes under the configured name', async () => {
    await using front = await startFront({ config: 'requestId: { header: X-Trace }' });
    await ask(front.port, requestText('GET /', ['X-Trace: mine']));
    expect(valuesOf(front.backend.only, 'x-trace')).toEqual([expect.stringMatching(UUID_V7)]);
  });
});

describe('Via and Max-Forwards', () => {
  test('says which way the request came', async () => {
    expect(await seen('Via', [])).toEqual(['1.1 lb']);
    expect(await seen('Via', ['Via: 1.0 a', 'Via: 1.1 b'])).toEqual(['1.0 a, 1.1 b, 1.1 lb']);
  });

  test('lets a request through that has come by once', async () => {
    expect(await seen('Via', ['Via: 1.1 lb'])).toEqual(['1.1 lb, 1.1 lb']);
  });

  test.each([['Via: 1.1 lb, 1.1 lb'], ['Via: 1.1 lb, 1.0 x, HTTP/1.1 lb']])(
    'ends the circle of a request with %p by 508',
    async (field) => {
      await using front = await startFront();
      const answer = await ask(front.port, requestText('GET /', [field]));
      expect(answer.status).toBe(508);
      expect(front.backend.requests).toEqual([]);
    },
  );

  test('answers OPTIONS itself when it may go no further', async () => {
    await using front = await startFront();
    const answer = await ask(front.port, requestText('OPTIONS /', ['Max-Forwards: 0']));
    expect(answer.status).toBe(200);
    expect(headerOf(answer, 'allow')).toContain('OPTIONS');
    expect(front.backend.requests).toEqual([]);
  });

  test('passes a Max-Forwards that is no number as it came', async () => {
    await using front = await startFront();
    await ask(front.port, requestText('OPTIONS /', ['Max-Forwards: many']));
    expect(valuesOf(front.backend.only, 'max-forwards')).toEqual(['many']);
  });

  test('counts down for OPTIONS and leaves it alone for GET', async () => {
    await using front = await startFront();
    await ask(front.port, requestText('OPTIONS /', ['Max-Forwards: 5']));
    await ask(front.port, requestText('GET /', ['Max-Forwards: 5']));
    expect(front.backend.requests.flatMap((request) => valuesOf(request, 'max-forwards'))).toEqual([
      '4',
      '5',
    ]);
  });

  test('ends a TRACE that may go no further here, even where a route names TRACE', async () => {
    await using front = await startFront({
      config: 'routes: [{ match: { methods: [TRACE] }, pool: web }]',
    });
    const answer = await ask(
      front.port,
      requestText('TRACE /', ['Max-Forwards: 0', 'Cookie: a=b']),
    );
    expect(answer.status).toBe(405);
    expect(front.backend.requests).toEqual([]);
  });
});
