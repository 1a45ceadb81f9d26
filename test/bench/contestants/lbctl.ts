/** lbctl in its variants: what a user would write in lb.yaml, on one CPU. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Contestant, type Site, USUAL_BACKENDS } from './contestant.ts';

/** How a variant differs from defaults; the access log is off where nothing else is said. */
interface Variant {
  readonly engine?: 'native' | 'http-proxy-3';
  readonly workers?: number;
  readonly accept?: 'shared' | 'reuseport' | 'round-robin';
  readonly spansCpus?: boolean;
  /** To a file on disk. */
  readonly writesAccessLog?: boolean;
  /** The last of them matches, the others look at another path. */
  readonly routes?: number;
  readonly backends?: number;
  readonly probeInterval?: string;
  /** One that nobody reaches, kept where; all clients have one address, and so one bucket. */
  readonly limit?: 'memory' | 'redis';
  /** Keeps what may be kept. */
  readonly isCached?: boolean;
  /** By the balancer's own cookie. */
  readonly isSticky?: boolean;
}

const BIN = fileURLToPath(new URL('../../../packages/primary/bin/lbctl.js', import.meta.url));

/** @param name in tables; 'lbctl' is what others are compared with */
export function lbctl(name = 'lbctl', variant: Variant = {}): Contestant {
  return {
    name,
    isNode: true,
    ...(variant.limit === 'redis' && { needs: 'redis-server' }),
    spansCpus: variant.spansCpus ?? false,
    backends: variant.backends ?? USUAL_BACKENDS,
    command(site) {
      const file = join(site.folder, 'lb.yaml');
      // YAML reads JSON.
      writeFileSync(file, JSON.stringify(configuration(site, variant), null, 2));
      return { file: process.execPath, args: [BIN, 'start', '-c', file] };
    },
  };
}

function configuration({ folder, port, backends, redisSocket }: Site, variant: Variant): object {
  const { engine = 'native', workers = 1, writesAccessLog = false, routes } = variant;
  const { probeInterval = '5s', accept = 'shared', isSticky = false, limit } = variant;
  return {
    workers,
    listeners: [{ bind: `127.0.0.1:${port}`, accept }],
    ...(routes !== undefined && { routes: manyRoutes(routes) }),
    ...(limit !== undefined && {
      rateLimits: { all: { rate: '1000000/s' } },
      routes: [{ pool: 'web', rateLimit: ['all'] }],
      store: { type: limit, ...(limit === 'redis' && { url: `unix:${redisSocket}` }) },
    }),
    ...(variant.isCached === true && {
      caches: { kept: {} },
      routes: [{ pool: 'web', cache: 'kept' }],
    }),
    pools: {
      web: {
        engine,
        sticky: isSticky ? { mode: 'cookie' } : null,
        healthCheck: { path: '/', interval: probeInterval },
        backends: backends.map((backend) => `http://${backend}`),
      },
    },
    admin: { bind: '127.0.0.1:0', socket: join(folder, 'lb.sock') },
    log: {
      level: 'error',
      access: { enabled: writesAccessLog, path: join(folder, 'access.log') },
    },
    shutdown: { drainTimeout: '1s' },
  };
}

function manyRoutes(count: number): object[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `route-${i}`,
    match: { paths: [i === count - 1 ? '/*' : `/service-${i}/*`] },
    pool: 'web',
  }));
}
