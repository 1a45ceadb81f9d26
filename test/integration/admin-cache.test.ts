/** The admin API about caches, and the verbs that ask it. */
import { describe, expect, test } from '@jest/globals';
import type { CacheReply } from '@lb/shared/admin-api/contract';
import { ask, startAdmin } from '../support/admin-fixture.ts';

const CACHE: CacheReply = {
  name: 'pages',
  shared: true,
  entries: 3,
  bytes: 4_096,
  maxBytesPerWorker: 65_536,
  hits: 6,
  misses: 2,
  stale: 0,
  revalidated: 1,
  collapsed: 1,
  bypassed: 5,
  evictions: 0,
};

describe('DELETE /api/v1/cache', () => {
  test.each([
    ['url=http://Example.com:81/a', 'purge url http://example.com:81/a'],
    ['url=http://Example.com/a%3Fb=c', 'purge url http://example.com/a?b=c'],
    ['prefix=https://example.com/static/', 'purge prefix https://example.com/static/'],
    ['tag=product-17', 'purge tag product-17'],
  ])('purges by ?%s', async (query, asked) => {
    await using admin = await startAdmin();

    const { status, body } = await ask(admin.port, 'DELETE', `/api/v1/cache?${query}`);

    expect([status, JSON.parse(body)]).toEqual([200, { purged: 1, silent: [], warning: null }]);
    expect(admin.asked).toEqual(['cache_purge ok', asked]);
  });

  test.each([
    ['', 'expected one of url, prefix and tag, once'],
    ['?url=http://a/&tag=b', 'expected one of url, prefix and tag, once'],
    ['?tag=a&tag=b', 'expected one of url, prefix and tag, once'],
    ['?key=a', 'unknown parameter "key": expected url, prefix or tag'],
    ['?url=/a', 'url: expected a URL such as http://example.com/path'],
    ['?tag=a%20b', 'tag: expected a tag, without spaces and commas'],
  ])('refuses "%s"', async (query, error) => {
    await using admin = await startAdmin();

    const { status, body } = await ask(admin.port, 'DELETE', `/api/v1/cache${query}`);

    expect([status, JSON.parse(body)]).toEqual([400, { error }]);
    expect(admin.asked).toEqual(['cache_purge refused']);
  });
});

test('GET /api/v1/cache lists the caches', async () => {
  await using admin = await startAdmin({ over: { caches: () => Promise.resolve([CACHE]) } });

  const { status, body } = await ask(admin.port, 'GET', '/api/v1/cache');

  expect([status, JSON.parse(body)]).toEqual([200, { caches: [CACHE] }]);
});
