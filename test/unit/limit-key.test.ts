import { describe, expect, test } from '@jest/globals';
import { compileLimitKey } from '@lb/worker/internal/rate-limit/limit-key';
import { requestFrom } from '../support/limits.ts';

describe('whom a request is counted for', () => {
  test('is its address, one address of IPv4 and one network of IPv6', () => {
    const key = compileLimitKey('client_ip', 64);

    expect(key.of(requestFrom('192.0.2.1'))).toBe('192.0.2.1');
    expect(key.of(requestFrom('2001:db8::1'))).toBe(key.of(requestFrom('2001:db8::2')));
    expect(key.of(requestFrom('2001:db8::1'))).not.toBe(key.of(requestFrom('2001:db8:0:1::1')));
    expect(key.publish(key.of(requestFrom('192.0.2.1')))).toBe('192.0.2.1');
    expect(key.publish(key.of(requestFrom('')))).toBe('unix');
  });

  test('is told from others by every part, in a form that says nothing of what was sent', () => {
    const key = compileLimitKey('client_ip + header:X-Api-Key+cookie:id', 64);
    const of = (address: string, apiKey: string, id: string): string =>
      key.publish(key.of(requestFrom(address, { 'x-api-key': apiKey, cookie: `id=${id}` })));

    const all = [of('a', 'b', 'c'), of('ab', '', 'c'), of('a', 'bc', ''), of('', 'a', 'bc')];

    expect(new Set(all).size).toBe(4);
    expect(of('a', 'b', 'c')).toBe(all[0]);
    for (const one of all) expect(one).toMatch(/^[\w-]{22}$/);
  });

  test('is the same for all that have no such header', () => {
    const key = compileLimitKey('header:X-Tenant', 64);
    expect(key.of(requestFrom('a'))).toBe(key.of(requestFrom('b')));
    expect(key.of(requestFrom('a', { 'x-tenant': 't' }))).not.toBe(key.of(requestFrom('a')));
  });

  test('is bounded, however long a header is, and still its own', () => {
    const key = compileLimitKey('header:x', 64);
    const one = key.of(requestFrom('', { x: 'a'.repeat(30_000) }));
    const other = key.of(requestFrom('', { x: `${'a'.repeat(29_999)}b` }));
    expect(one.length).toBeLessThanOrEqual(128);
    expect(one).not.toBe(other);
  });

  test('may be the path and the host', () => {
    const key = compileLimitKey('host+path', 64);
    expect(key.of(requestFrom('a'))).toBe('host.test\n/a');
  });
});
