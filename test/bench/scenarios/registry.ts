/** What can be measured, in the order in which a run does it. Adding one is a line here. */
import { lbctl } from '../contestants/lbctl.ts';
import { caching, everybody, usual } from '../contestants/peers.ts';
import { LOADS } from '../load/load.ts';
import { accept } from './accept.ts';
import { amongLoads, amongPeers, amongVariants } from './cpu.ts';
import { latency } from './latency.ts';
import { rss } from './rss.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [
  amongPeers({
    name: 'small',
    about: 'GET 110 bytes, 100 keep-alive connections',
    isDefault: true,
    load: LOADS.small,
    contestants: everybody,
  }),
  amongVariants({
    name: 'log',
    about: 'the access log on, to a file; as small',
    isDefault: true,
    load: LOADS.small,
    contestants: [lbctl(), lbctl('lbctl-access-log', { writesAccessLog: true })],
  }),
  amongVariants({
    name: 'limit',
    about: 'a rate limit that nobody reaches, in memory and in Redis; as small',
    load: LOADS.small,
    contestants: [
      lbctl(),
      lbctl('lbctl-limit', { limit: 'memory' }),
      lbctl('lbctl-limit-redis', { limit: 'redis' }),
    ],
  }),
  amongVariants({
    name: 'sticky',
    about: 'sessions by cookie, which every request has; one backend; else as small',
    load: LOADS.cookie,
    contestants: [
      lbctl('lbctl-not-sticky', { backends: 1 }),
      lbctl('lbctl-sticky', { backends: 1, isSticky: true }),
    ],
  }),
  amongPeers({
    name: '10k',
    about: 'GET 10 KiB, 100 keep-alive connections',
    load: LOADS['10k'],
    contestants: usual,
  }),
  amongPeers({
    name: '1m',
    about: 'GET 1 MiB, 100 keep-alive connections',
    isDefault: true,
    load: LOADS['1m'],
    contestants: usual,
  }),
  amongPeers({
    name: 'cache-1k',
    about: 'GET 1 KiB that is kept, 100 keep-alive connections',
    load: LOADS.cached1k,
    contestants: caching,
  }),
  amongPeers({
    name: 'cache-100k',
    about: 'GET 100 KiB that is kept, 100 keep-alive connections',
    load: LOADS.cached100k,
    contestants: caching,
  }),
  amongLoads({
    name: 'cache-304',
    about: 'the same 1 KiB, confirmed by its ETag (304), against sent; of one instance, by turns',
    contestant: lbctl('lbctl', { isCached: true }),
    loads: { 'lbctl-200': LOADS.cached1k, 'lbctl-304': LOADS.confirmed1k },
  }),
  amongPeers({
    name: 'post',
    about: 'POST 100 KiB, 100 keep-alive connections',
    load: LOADS.post,
    contestants: usual,
  }),
  amongPeers({
    name: 'connect',
    about: 'GET 110 bytes, each on a new connection, 100 at a time',
    isDefault: true,
    load: LOADS.connect,
    contestants: usual,
  }),
  amongVariants({
    name: 'routes',
    about: '1, 10 and 100 routes, the last of which matches; as small',
    load: LOADS.small,
    contestants: [1, 10, 100].map((routes) => lbctl(`routes-${routes}`, { routes })),
  }),
  amongVariants({
    name: 'backends',
    about: '3, 100 and 1000 backends; as small',
    load: LOADS.small,
    contestants: [3, 100, 1_000].map((backends) =>
      lbctl(`backends-${backends}`, { backends, probeInterval: '1h' }),
    ),
  }),
  amongVariants({
    name: 'workers',
    about: '1 and 2 workers, on the same CPU; as small',
    load: LOADS.small,
    contestants: [1, 2].map((workers) => lbctl(`workers-${workers}`, { workers })),
  }),
  latency,
  rss,
  accept,
];
