/** An instance whose every text would run a script, were it taken for markup. */
import type { AdminContext } from '@lb/primary/internal/admin/context';
import type { BackendReply, PoolReply } from '@lb/shared/admin-api/contract';
import { BACKEND, STATUS } from './admin-fixture.ts';
import { historyReply, RUNNING, sampleAt } from './dashboard-samples.ts';

/** Sets `wasRun` of the page when it becomes an element. */
export const HOSTILE = '<img src=x onerror="globalThis.wasRun=1">';

const NOW = '2026-01-01T00:00:00.000Z';
const DOWN: BackendReply = {
  ...BACKEND,
  name: HOSTILE,
  url: `http://${HOSTILE}`,
  state: 'down',
  reason: HOSTILE,
};
const TRAFFIC = { requestsPerSecond: 1, errorRate: 0.5, p50Ms: 1, p95Ms: 2, p99Ms: 3 };
const HOSTILE_POOL: PoolReply = {
  ...TRAFFIC,
  name: HOSTILE,
  policy: HOSTILE,
  available: 1,
  isPanicking: false,
  queueLength: 0,
  backends: [DOWN],
};

/** What the admin server is told by it. */
export function hostileContext(): Partial<AdminContext> {
  return {
    status: () => ({
      ...RUNNING,
      version: HOSTILE,
      config: { ...STATUS.config, path: HOSTILE },
      listeners: [{ name: HOSTILE, bind: HOSTILE, address: HOSTILE, connections: 0 }],
    }),
    pools: () => [HOSTILE_POOL],
    history: () => Promise.resolve({ ok: true, reply: historyReply(Date.parse(NOW), 10) }),
    watchStats: (watcher) => {
      watcher(JSON.stringify({ ...sampleAt(Date.parse(NOW), 1), pools: [HOSTILE_POOL] }));
      return () => undefined;
    },
    events: () => [
      {
        id: 1,
        at: NOW,
        type: HOSTILE,
        level: 'error',
        message: HOSTILE,
        facts: {
          pool: HOSTILE,
          backend: HOSTILE,
          reason: HOSTILE,
          by: HOSTILE,
          [HOSTILE]: HOSTILE,
        },
      },
    ],
    pastRequests: () =>
      Promise.resolve([
        {
          id: HOSTILE,
          at: NOW,
          worker: 0,
          kept: 'error',
          method: HOSTILE,
          host: HOSTILE,
          path: `/${HOSTILE}`,
          client: HOSTILE,
          listener: HOSTILE,
          route: HOSTILE,
          pool: HOSTILE,
          backend: HOSTILE,
          tried: [HOSTILE],
          tries: 2,
          status: 502,
          reason: HOSTILE,
          totalMs: 1,
          ttfbMs: null,
          upstreamMs: 1,
          connectMs: null,
          traceId: null,
        },
      ]),
    explain: () =>
      Promise.resolve({
        ok: true,
        reply: {
          worker: 0,
          request: { method: HOSTILE, host: HOSTILE, path: HOSTILE, query: HOSTILE },
          client: { address: HOSTILE, because: HOSTILE },
          routes: [{ name: HOSTILE, isMatch: true, because: HOSTILE }],
          route: HOSTILE,
          stages: [{ name: HOSTILE, verdict: 'pass', because: HOSTILE }],
          pool: {
            name: HOSTILE,
            because: HOSTILE,
            policy: HOSTILE,
            candidates: [
              {
                name: HOSTILE,
                state: 'down',
                breaker: null,
                weight: 1,
                inFlight: 0,
                latencyMs: null,
                share: 1,
                score: null,
                mayTakeIt: false,
                because: HOSTILE,
              },
            ],
            pick: { backend: HOSTILE, because: HOSTILE },
            retry: [HOSTILE],
          },
          outcome: HOSTILE,
          status: 503,
        },
      }),
    changeBackend: () => Promise.resolve({ ok: false, status: 409, message: HOSTILE }),
    plan: () =>
      Promise.resolve({
        ok: true,
        changes: [{ path: HOSTILE, text: HOSTILE, touches: HOSTILE, needsRestart: false }],
      }),
  };
}
