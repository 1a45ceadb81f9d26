/** What is probed, put together from what a snapshot says of a backend. */
import { parseBackendUrl } from '@lb/shared/net/backend-url';
import { type ClientContexts, clientTlsOptions } from '@lb/shared/net/client-tls';
import type { PoolSnapshot } from '@lb/shared/model/snapshot';
import { formatPath } from '@lb/shared/config/located';
import type { ProbeTarget } from './probe.ts';

/** @param url one of the pool's backends @throws Error for what no checked configuration has */
export function probeTarget(
  pool: Pick<PoolSnapshot, 'name' | 'tls' | 'healthCheck'>,
  url: string,
  contexts: ClientContexts,
): ProbeTarget {
  const address = parseBackendUrl(url);
  if (address === undefined) throw new Error(`a checked configuration has the backend ${url}`);
  const { healthCheck } = pool;
  if (address.kind === 'unix' || !address.isTls) return { address, healthCheck };
  const options = clientTlsOptions(pool.tls, address.host, contexts);
  const section = formatPath(['pools', pool.name, 'tls']);
  return { address, healthCheck, tls: { options, section } };
}
