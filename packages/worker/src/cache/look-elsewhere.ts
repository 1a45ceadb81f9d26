/** Whether another worker or instance has what is missing here, for a request that nobody waits for. */
import type { Exchange } from '../request/exchange.ts';
import { traceStoreCall } from '../tracing/store-span.ts';
import type { Cache, Sending } from './cache.ts';
import { ignoringStore } from './lease.ts';
import type { SharedTier } from './shared-tier.ts';
import type { VisitSetup } from './visit.ts';

/** @returns whether it was answered with what another one had */
export async function lookElsewhere(
  cache: Cache,
  tier: SharedTier,
  { exchange, route, key, traits }: Pick<VisitSetup, 'exchange' | 'route' | 'key' | 'traits'>,
): Promise<boolean> {
  const { purges } = cache;
  const call = traceStoreCall(exchange, 'ask', tier.find(key, exchange, false));
  const found = await ignoringStore(call);
  // It may be one of those that were purged meanwhile.
  if (exchange.isOver || found?.kind !== 'stored' || purges !== cache.purges) return false;
  tier.adopt(found.stored, (entry) => sendShared(cache, exchange, { route, traits, entry }));
  return true;
}

/** Answers a request with what another one had. */
export function sendShared(
  cache: Cache,
  exchange: Exchange,
  use: Pick<Sending, 'route' | 'entry' | 'traits'>,
): void {
  cache.metrics.count('hit');
  const nowMs = cache.clock.monotonicMs();
  cache.send(exchange, { ...use, status: 'hit; detail=shared', nowMs });
}
