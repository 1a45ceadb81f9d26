/** How many files a worker may need to have open, so that a limit that is too low is known before the load comes. */
import type { Config } from '@lb/shared/config/schema/root';
import type { Logger } from '@lb/shared/logging/logger';
import { workerCountOf } from './worker-count.ts';

/** Client connections to expect of a listener without a limit. */
const CLIENTS_WITHOUT_LIMIT = 8_000;

/** The kernel does not deal connections out evenly. */
const UNEVENNESS = 1.5;

/** Log, channel, epoll, threads, listening sockets: about half of it, and some to spare. */
const OWN = 100;

/** For the worker that has most of the clients, each with a connection to a backend while its request is in flight. */
export function descriptorNeed(config: Config): number {
  const clients = config.listeners.reduce(
    (sum, { limits }) => sum + (limits.connections || CLIENTS_WITHOUT_LIMIT),
    0,
  );
  const share = Math.min(1, UNEVENNESS / workerCountOf(config));
  return OWN + 2 * Math.ceil(clients * share);
}

/** Says so when the limit is lower than that. @param limit of this process, which its workers inherit */
export function warnOfDescriptors(config: Config, limit: number | undefined, log: Logger): void {
  const needed = descriptorNeed(config);
  if (limit === undefined || limit >= needed) return;
  const hint = `LimitNOFILE=${needed} in the unit, or "ulimit -Hn ${needed}" before the start`;
  log.warn({ limit, needed, hint }, 'the limit of open files is low');
}
