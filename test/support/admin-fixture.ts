/** A real admin server over a context whose answers a test can set. */
import type { BackendReply, PoolReply, StatusReply } from '@lb/shared/admin-api/contract';
import type { TrafficReply } from '@lb/shared/admin-api/statistics';
import type { AdminContext } from '@lb/primary/internal/admin/context';
import type { Page } from '@lb/primary/internal/admin/page';
import { AdminServer, type AdminPatience } from '@lb/primary/internal/admin/server';
import { systemClock, type Clock } from '@lb/shared/time/clock';
import { mkdtemp, rm } from 'node:fs/promises';
import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';

export const NO_TRAFFIC: TrafficReply = {
  requestsPerSecond: 0,
  errorRate: 0,
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
};

export const POOL: PoolReply = {
  name: 'app',
  policy: 'p2c',
  available: 0,
  isPanicking: false,
  queueLength: 0,
  ...NO_TRAFFIC,
  backends: [],
};

export const STATUS: StatusReply = {
  version: '0.1.0',
  node: 'v24.9.0',
  pid: 1,
  startedAt: '2026-01-01T00:00:00.000Z',
  state: 'running',
  config: {
    path: null,
    hash: 'abc',
    loadedAt: '2026-01-01T00:00:00.000Z',
    lastReloadFailed: false,
    revertedBecause: null,
    guardedUntil: null,
  },
  store: { type: 'memory', up: true, reason: null },
  persist: null,
  instances: [],
  workers: [],
  listeners: [],
  totals: { requests: 0, errors: 0, connections: 0, inFlight: 0, ...NO_TRAFFIC },
};

export const BACKEND: BackendReply = {
  name: 'a:1',
  url: 'http://a:1',
  state: 'up',
  reason: 'not probed yet',
  backup: false,
  weight: 1,
  effectiveWeight: 1,
  slowStartLeftMs: null,
  override: null,
  inFlight: 0,
  ...NO_TRAFFIC,
  breaker: null,
  permits: null,
  lastProbe: null,
  recentProbes: [],
};

/** Answers plainly and writes down what was asked of it. */
function fakeContext(over: Partial<AdminContext> = {}) {
  const asked: string[] = [];
  const context: AdminContext = {
    status: () => STATUS,
    pools: () => [POOL],
    pool: (name) => (name === POOL.name ? POOL : undefined),
    backend: (pool, name) => (pool === POOL.name && name === BACKEND.name ? BACKEND : undefined),
    changeBackend: (pool, name, change, by) => {
      asked.push(`change ${pool} ${name} ${JSON.stringify(change)} by ${by}`);
      return Promise.resolve({ ok: true, backend: { ...BACKEND, warning: null } });
    },
    overrides: () => ({ overrides: [], warning: null }),
    clearOverrides: (by) => {
      asked.push(`clear by ${by}`);
      return Promise.resolve({ cleared: 2, warning: null });
    },
    caches: () => Promise.resolve([]),
    purge: ({ by, value }) => {
      asked.push(`purge ${by} ${value}`);
      return Promise.resolve({ purged: 1, silent: [], warning: null });
    },
    routes: () => [{ name: 'api', match: {}, action: { kind: 'pool', pool: 'app' } }],
    config: (resolved) => ({ resolved, admin: { token: 'very-secret', bind: '127.0.0.1:9090' } }),
    reload: (guardMs) => {
      asked.push(`reload ${guardMs}`);
      return Promise.resolve({ ok: true, changes: ['pool app: added a:1'] });
    },
    plan: (candidate) => {
      asked.push(`plan ${candidate?.shown}`);
      return Promise.resolve({ ok: true, changes: [] });
    },
    stop: (timeoutMs) => asked.push(`stop ${timeoutMs}`),
    explain: () => Promise.resolve({ ok: false, status: 503, message: 'no worker answers' }),
    pastRequests: () => Promise.resolve([]),
    pastLogs: () => Promise.resolve({ source: 'memory', problem: null, entries: [] }),
    watchLogs: () => () => undefined,
    history: () => Promise.resolve({ ok: false, status: 404, message: 'nothing' }),
    watchStats: () => () => undefined,
    events: () => [],
    watchEvents: () => () => undefined,
    ready: () => ({ ready: true, reason: 'ready' }),
    metrics: (accept) => ({
      contentType: 'text/plain; version=0.0.4',
      pieces: piecesOf([`# ${accept}`, '\n']),
    }),
    countAction: (action, result) => asked.push(`${action} ${result}`),
    ...over,
  };
  return { context, asked };
}

/** A started admin server on a free port and on a socket in a directory of its own. */
export async function startAdmin(
  options: {
    token?: string | null;
    bind?: string;
    over?: Partial<AdminContext>;
    patience?: AdminPatience;
    page?: Page;
    clock?: Clock;
  } = {},
) {
  const { context, asked } = fakeContext(options.over);
  const directory = await mkdtemp(join(tmpdir(), 'admin-'));
  const socketPath = join(directory, 'lb.sock');
  const { patience } = options;
  const log = pino({ level: 'silent' });
  const { page, clock = systemClock } = options;
  const server = new AdminServer({ context, log, clock, page, ...(patience && { patience }) });
  const { port } = await server.listenTcp(options.bind ?? '127.0.0.1:0', options.token ?? null);
  await server.listenUnix(socketPath);
  return {
    server,
    port,
    directory,
    socketPath,
    asked,
    async [Symbol.asyncDispose](): Promise<void> {
      await server.close();
      await rm(directory, { recursive: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request over a connection of its own. */
export function ask(
  where: number | string,
  method: string,
  path: string,
  options: { headers?: OutgoingHttpHeaders; body?: string | Buffer } = {},
): Promise<Answer> {
  const place =
    typeof where === 'string' ? { socketPath: where } : { host: '127.0.0.1', port: where };
  return new Promise((resolve, reject) => {
    const { headers = {}, body } = options;
    const request = httpRequest({ ...place, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode: status = 0, headers: got } = response;
        resolve({ status, headers: got, body: Buffer.concat(chunks).toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Sends bytes as they are and returns all that comes back until the connection ends. */
export async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  let answer = '';
  socket.on('data', (chunk) => (answer += String(chunk)));
  await once(socket, 'close');
  return answer;
}

/** As a page of metrics comes: one after the other. */
export async function* piecesOf(
  pieces: readonly string[],
): AsyncGenerator<string, void, undefined> {
  yield* pieces;
}
