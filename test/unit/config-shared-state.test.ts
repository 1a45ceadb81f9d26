import { describe, expect, test } from '@jest/globals';
import { diffConfig } from '@lb/shared/config/diff';
import { parseRedisUrl } from '@lb/shared/store/redis-url';
import { brief, configOf, errorsOf } from '../support/config-text.ts';

const withLines = (...lines: string[]): string =>
  ['listeners: [{ bind: ":8080" }]', 'pools: { web: { backends: ["http://a:1"] } }', ...lines].join(
    '\n',
  );

const limitOf = (text: string) => configOf(withLines(`rateLimits: { l: ${text} }`)).rateLimits['l'];

/** Mistakes, without where they stand. */
const messages = (text: string): string[] => errorsOf(text).map(({ message }) => message);

describe('rateLimits', () => {
  test.each([
    ['100/s', 100],
    ['600/m', 10],
    ['10000/h', 3],
    ['1/h', 1],
  ])('a rate of %s has a burst of %d: one second of it, one at least', (rate, burst) => {
    expect(limitOf(`{ rate: ${rate} }`)?.burst).toBe(burst);
  });

  test('have the defaults of the reference', () => {
    expect(limitOf('{ rate: 100/s, burst: 200 }')).toEqual({
      rate: 100,
      burst: 200,
      key: 'client_ip',
      ipv6Prefix: 64,
      scope: 'cluster',
      onStoreDown: 'local',
      shadow: false,
      status: 429,
      headers: true,
    });
  });

  test.each([
    ['{}', 'missing key "rate"'],
    ['{ rate: 100 }', 'expected a rate such as "100/s", "600/m" or "10000/h"'],
    ['{ rate: 100/d }', 'expected a rate such as "100/s", "600/m" or "10000/h"'],
    ['{ rate: 0/s }', 'expected a rate above zero, of at most 1000000/s'],
    ['{ rate: 1000001/s }', 'expected a rate above zero, of at most 1000000/s'],
    ['{ rate: 1/s, burst: 0 }', 'expected a whole number from 1 to 10000000'],
    ['{ rate: 1/s, ipv6Prefix: 129 }', 'expected a whole number from 1 to 128'],
    ['{ rate: 1/s, status: 200 }', 'expected a whole number from 400 to 599'],
    ['{ rate: 1/s, key: "jwt:sub" }', '"jwt:sub" is not supported yet'],
  ])('refuse %s', (text, message) => {
    expect(messages(withLines(`rateLimits: { l: ${text} }`)).join()).toContain(message);
  });

  test.each(['ip', 'header', 'header:', 'header:a b', 'client_ip+', 'cookie:a;b', 'query:x'])(
    'have no key %s',
    (key) => {
      expect(
        messages(withLines(`rateLimits: { l: { rate: 1/s, key: "${key}" } }`)).join(),
      ).toContain('expected client_ip, header:NAME');
    },
  );

  test.each(['client_ip+header:X-Tenant', 'host + path', 'cookie:sid', 'header:x_y'])(
    'may have the key %s',
    (key) => {
      expect(limitOf(`{ rate: 1/s, key: "${key}" }`)?.key).toBe(key);
    },
  );

  test('are named by routes, once, and exist', () => {
    const file = (names: string): string =>
      withLines(
        'rateLimits: { per-client: { rate: 1/s }, per-host: { rate: 1/s } }',
        `routes: [{ pool: web, rateLimit: [${names}] }]`,
      );
    expect(errorsOf(file('per-client, per-host'))).toEqual([]);
    expect(
      errorsOf(file('per-client, per-clint')).map((error) => [brief(error), error.hint]),
    ).toEqual([
      [
        '4:47 routes[0].rateLimit[1]: no rate limit is named "per-clint"',
        'did you mean "per-client"?',
      ],
    ]);
    expect(messages(file('per-host, per-host'))).toEqual(['"per-host" is named twice']);
    expect(errorsOf(withLines('routes: [{ pool: web, rateLimit: [x] }]'))[0]?.hint).toBe(
      'there is no "rateLimits:" yet',
    );
  });

  test('are told apart by a reload in the units of the file', () => {
    const file = (rate: string): string =>
      withLines(`rateLimits: { l: { rate: ${rate}, burst: 5 } }`);
    const changes = diffConfig(configOf(file('100/s')), configOf(file('90/m')));
    expect(changes.map(({ text }) => text)).toEqual(['rateLimits.l.rate: 100/s -> 90/m']);
  });
});

describe('store', () => {
  test.each([
    ['redis://h', { kind: 'tcp', host: 'h', port: 6379, isTls: false, db: 0 }],
    [
      'redis://u:p%40ss@[::1]:1/2',
      { host: '::1', port: 1, username: 'u', password: 'p@ss', db: 2 },
    ],
    ['rediss://:p@h:1/', { isTls: true, username: undefined, password: 'p', db: 0 }],
    ['unix:/run/redis.sock', { kind: 'unix', path: '/run/redis.sock', db: 0 }],
    ['unix:///run/redis.sock?db=3', { kind: 'unix', path: '/run/redis.sock', db: 3 }],
  ])('%s is an address of Redis', (url, parts) => {
    expect(parseRedisUrl(url)).toMatchObject(parts);
  });

  test.each(['http://h', 'redis://', 'redis://h/x', 'redis://h?db=1', 'h:6379', 'unix:relative'])(
    '%s is none',
    (url) => {
      expect(parseRedisUrl(url)).toBeUndefined();
      expect(messages(withLines(`store: { type: redis, url: "${url}" }`)).join()).toContain(
        'expected redis://host:6379/0, rediss://host:6379/0 or unix:/path.sock',
      );
    },
  );

  test.each([
    ['url: redis://h, cluster: ["h:1"]', 'one way to reach Redis is enough, and "url" is given'],
    ['sentinels: ["h:1"]', 'missing "name": the master that the sentinels watch'],
    ['name: m', '"name" is the name of a master that sentinels watch: "sentinels" is missing'],
    ['sentinels: ["h"], name: m', 'expected host:port, such as "10.0.0.5:26379"'],
    ['cluster: []', 'expected at least one node'],
    ['prefix: "a{b}"', 'expected printable ASCII without spaces and braces'],
    ['timeout: 0s', 'expected a duration above zero'],
  ])('{ %s } is refused', (text, message) => {
    expect(messages(withLines(`store: { type: redis, ${text} }`)).join()).toContain(message);
  });

  test('shows no secret when it changes', () => {
    const file = (word: string): string =>
      withLines(
        `secret: ${word}-0123456789abcdef`,
        `store: { type: redis, url: "redis://:${word}@h:1/0", password: ${word} }`,
      );
    const texts = diffConfig(configOf(file('before')), configOf(file('after'))).map(
      ({ text }) => text,
    );
    expect(texts.length).toBe(3);
    expect(texts.join()).not.toMatch(/before|after/);
  });
});
