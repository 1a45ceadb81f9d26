/** Statistics as the admin API tells them, for tests of the dashboard. */
import type { StatusReply } from '@lb/shared/admin-api/contract';
import type { HistoryReply, StatsSample } from '@lb/shared/admin-api/statistics';
import { STATUS } from './admin-fixture.ts';

/** An instance with one worker that has nothing to do. */
export const RUNNING: StatusReply = {
  ...STATUS,
  workers: [
    {
      id: 0,
      pid: 7,
      state: 'running',
      connections: 0,
      requests: 0,
      eventLoopDelayMs: 0,
      rssBytes: 0,
    },
  ],
};

const NO_TRAFFIC = { requestsPerSecond: 0, errorRate: 0, p50Ms: null, p95Ms: null, p99Ms: null };

/** As many seconds as wanted with one request each. */
export function historyReply(endMs: number, seconds: number): HistoryReply {
  const column = (value: number): number[] => Array.from({ length: seconds }, () => value);
  return {
    stepSeconds: 1,
    end: new Date(endMs).toISOString(),
    requestsPerSecond: column(1),
    errorRate: column(0),
    p50Ms: column(2),
    p95Ms: column(3),
    p99Ms: column(4),
    connections: column(5),
    inFlight: column(6),
    cacheHitRate: seconds === 0 ? [] : column(0).map(() => null),
    warning: null,
  };
}

/** A sample without pools. */
export function sampleAt(atMs: number, requestsPerSecond: number): StatsSample {
  return {
    at: new Date(atMs).toISOString(),
    totals: { ...NO_TRAFFIC, requestsPerSecond, connections: 0, inFlight: 0, cacheHitRate: null },
    routes: [],
    pools: [],
  };
}
