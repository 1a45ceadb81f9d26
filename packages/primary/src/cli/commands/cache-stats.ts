/** `lbctl cache stats`: what is in the caches, and what they were good for. */
import type { CacheReply } from '@lb/shared/admin-api/contract';
import { formatSize } from '@lb/shared/config/units';
import { EXIT } from '../exit-codes.ts';
import { formatTable } from '../table.ts';
import { withInstance, type ClientCall } from './client.ts';

/** Prints one line per cache; nothing but a remark when there is none. */
export function cacheStats(call: ClientCall): Promise<number> {
  const { output, options } = call;
  return withInstance(call, async (client) => {
    const reply = await client.get<{ caches: CacheReply[] }>('/api/v1/cache');
    if (options.json === true) output.json(reply);
    else if (reply.caches.length === 0) output.message('there are no caches');
    else for (const line of cacheLines(reply.caches)) output.data(line);
    return EXIT.ok;
  });
}

/** An aligned table. */
function cacheLines(caches: readonly CacheReply[]): string[] {
  const numbers = ['ENTRIES', 'BYTES', 'HITS', 'MISSES', 'STALE', 'REVALIDATED', 'COLLAPSED'];
  return formatTable(
    [
      { title: 'CACHE' },
      { title: 'SHARED' },
      ...[...numbers, 'BYPASSED', 'EVICTED', 'HIT %'].map((title) => ({
        title,
        align: 'right' as const,
      })),
    ],
    caches.map((cache) => [
      cache.name,
      cache.shared ? 'yes' : 'no',
      `${cache.entries}`,
      formatSize(cache.bytes),
      ...[cache.hits, cache.misses, cache.stale, cache.revalidated, cache.collapsed].map(String),
      ...[cache.bypassed, cache.evictions].map(String),
      hitShare(cache),
    ]),
  );
}

/** Of the requests that the cache may answer, those that no backend was asked for. */
function hitShare({ hits, misses, stale, revalidated, collapsed }: CacheReply): string {
  const answered = hits + stale + collapsed;
  const all = answered + misses + revalidated;
  return all === 0 ? '-' : `${Math.round((100 * answered) / all)}`;
}
