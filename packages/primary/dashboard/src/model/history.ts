/** What the charts draw: the last fifteen minutes, a value a second, or a longer time in longer steps. */
import type { HistoryReply, StatsSample } from '@lb/shared/admin-api/statistics';
import { LIVE_RANGE } from './chart-range.ts';

type Column = readonly (number | null)[];

/** Columns of one length, the oldest value first. */
export interface ChartHistory {
  /** Seconds since 1970. */
  readonly seconds: readonly number[];
  readonly requestsPerSecond: Column;
  /** 0 to 1. */
  readonly errorRate: Column;
  readonly p50Ms: Column;
  readonly p95Ms: Column;
  readonly p99Ms: Column;
  readonly connections: Column;
  readonly inFlight: Column;
}

export const NO_HISTORY: ChartHistory = {
  seconds: [],
  requestsPerSecond: [],
  errorRate: [],
  p50Ms: [],
  p95Ms: [],
  p99Ms: [],
  connections: [],
  inFlight: [],
};

/** The history as the instance tells it. */
export function historyOf(reply: HistoryReply): ChartHistory {
  const { end, stepSeconds, requestsPerSecond } = reply;
  if (end === null) return NO_HISTORY;
  const last = Math.floor(Date.parse(end) / 1_000);
  const count = requestsPerSecond.length;
  const nothing = requestsPerSecond.map(() => null);
  return {
    seconds: requestsPerSecond.map((_, place) => last - (count - 1 - place) * stepSeconds),
    requestsPerSecond,
    errorRate: reply.errorRate,
    p50Ms: reply.p50Ms,
    p95Ms: reply.p95Ms,
    p99Ms: reply.p99Ms,
    connections: reply.connections ?? nothing,
    inFlight: reply.inFlight ?? nothing,
  };
}

/** The last fifteen minutes with one more sample; a second that it has already is replaced, one that is older changes nothing. */
export function withSample(history: ChartHistory, { at, totals }: StatsSample): ChartHistory {
  const second = Math.floor(Date.parse(at) / 1_000);
  const last = history.seconds.at(-1) ?? 0;
  if (second < last) return history;
  const kept = second === last ? -1 : undefined;
  const oldest = second - LIVE_RANGE.seconds;
  const from = history.seconds.findIndex((each) => each > oldest);
  const append = <T>(column: readonly T[], value: T): T[] => [
    ...(from < 0 ? [] : column.slice(from, kept)),
    value,
  ];
  return {
    seconds: append(history.seconds, second),
    requestsPerSecond: append(history.requestsPerSecond, totals.requestsPerSecond),
    errorRate: append(history.errorRate, totals.errorRate),
    p50Ms: append(history.p50Ms, totals.p50Ms),
    p95Ms: append(history.p95Ms, totals.p95Ms),
    p99Ms: append(history.p99Ms, totals.p99Ms),
    connections: append(history.connections, totals.connections),
    inFlight: append(history.inFlight, totals.inFlight),
  };
}
