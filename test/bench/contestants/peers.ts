/** Who meets lbctl. */
import { caddy } from './caddy.ts';
import type { Contestant } from './contestant.ts';
import { haproxy } from './haproxy.ts';
import { lbctl } from './lbctl.ts';
import { nginx } from './nginx.ts';
import { nginxCache } from './nginx-cache.ts';
import { bareHttpProxy3, nodeHello, rawSockets } from './node-programs.ts';

/** lbctl and programs that are compared with it everywhere. */
export const usual: readonly Contestant[] = [nginx, haproxy, caddy, bareHttpProxy3, lbctl()];

/** Who answers without a backend. */
export const caching: readonly Contestant[] = [
  nginxCache,
  nodeHello,
  lbctl('lbctl', { isCached: true }),
];

/** Everybody, for small answers. */
export const everybody: readonly Contestant[] = [
  nginx,
  haproxy,
  caddy,
  rawSockets,
  bareHttpProxy3,
  lbctl(),
  lbctl('lbctl-http-proxy-3', { engine: 'http-proxy-3' }),
  lbctl('lbctl-2-workers', { workers: 2 }),
  lbctl('lbctl-access-log', { writesAccessLog: true }),
];
