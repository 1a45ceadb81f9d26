/** GET /api/v1/cache: what is in the caches. DELETE: throws out of them what is named. */
import { isTag, type Purge, urlPurge } from '@lb/shared/model/purge';
import { json, refusal } from '../reply.ts';
import type { AdminRoute } from '../router.ts';
import { byFault, whoIs } from '../who-is.ts';
import { unknownKey } from './changes.ts';

/** Every cache. */
export const caches: AdminRoute = {
  path: '/api/v1/cache',
  method: 'GET',
  about: 'every cache: entries, bytes, hits, misses',
  handle: async (context) => json(200, { caches: await context.caches() }),
};

/** Purges by exactly one of `url`, `prefix` and `tag`. */
export const purgeCache: AdminRoute = {
  path: '/api/v1/cache',
  method: 'DELETE',
  about: '?url=, ?prefix= or ?tag=: throws answers out, everywhere',
  handle: async (context, { query, body, peer }) => {
    const { by } = body;
    const who = whoIs(by, peer);
    const wish = wishOf(query);
    const fault = unknownKey(body, ['by']) ?? byFault(by) ?? wish.fault;
    context.countAction('cache_purge', fault === undefined ? 'ok' : 'refused', who);
    return wish.purge === undefined || fault !== undefined
      ? refusal(400, fault ?? '')
      : json(200, await context.purge(wish.purge));
  },
};

const WAYS = ['url', 'prefix', 'tag'] as const;

/** What is wanted, or what is wrong with it. */
type Wish =
  | { readonly purge: Pick<Purge, 'by' | 'value'>; readonly fault?: undefined }
  | { readonly purge?: undefined; readonly fault: string };

function wishOf(query: URLSearchParams): Wish {
  const unknown = [...query.keys()].find((key) => !(WAYS as readonly string[]).includes(key));
  if (unknown !== undefined)
    return { fault: `unknown parameter "${unknown}": expected url, prefix or tag` };
  const [by, ...more] = WAYS.filter((way) => query.has(way));
  if (by === undefined || more.length > 0 || query.getAll(by).length > 1)
    return { fault: 'expected one of url, prefix and tag, once' };
  const value = query.get(by) ?? '';
  if (by === 'tag')
    return isTag(value)
      ? { purge: { by, value } }
      : { fault: 'tag: expected a tag, without spaces and commas' };
  const purge = urlPurge(by, value);
  return purge === undefined
    ? { fault: `${by}: expected a URL such as http://example.com/path` }
    : { purge };
}
