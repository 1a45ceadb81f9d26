/** Columns of a history: made of steps out of the database, cut, and put together. */
import type { HistoryReply } from '@lb/shared/admin-api/statistics';
import type { PastStep } from './sample.ts';

export type PastColumns = Omit<HistoryReply, 'stepSeconds' | 'end' | 'warning'>;

type Column = readonly (number | null)[];

/** @param steps the oldest first; undefined where there is no sample @param isWhole of the instance, which has gauges */
export function columnsOf(steps: readonly (PastStep | undefined)[], isWhole: boolean): PastColumns {
  const column = (valueOf: (step: PastStep) => number | null): (number | null)[] =>
    steps.map((step) => (step === undefined ? null : rounded(valueOf(step))));
  return {
    requestsPerSecond: column(({ requests, seconds }) => (seconds > 0 ? requests / seconds : 0)),
    errorRate: column(({ requests, errors }) =>
      requests > 0 ? Math.min(1, errors / requests) : 0,
    ),
    p50Ms: column(({ p50Ms }) => p50Ms),
    p95Ms: column(({ p95Ms }) => p95Ms),
    p99Ms: column(({ p99Ms }) => p99Ms),
    connections: isWhole ? column(({ connections }) => connections) : null,
    inFlight: isWhole ? column(({ inFlight }) => inFlight) : null,
    cacheHitRate: isWhole ? column(({ cacheHitRate }) => cacheHitRate) : null,
  };
}

/** Cuts off what comes before the first step that is known. */
export function withoutBeginning(columns: PastColumns): PastColumns {
  const first = columns.requestsPerSecond.findIndex((value) => value !== null);
  const { length } = columns.requestsPerSecond;
  return each(columns, (column) => column.slice(first < 0 ? length : first));
}

/** One after the other. */
export function joined(older: PastColumns, newer: PastColumns): PastColumns {
  return each(older, (column, name) => [...column, ...(newer[name] ?? [])]);
}

/** Seconds of memory end a little after those of the clock, and are meant by them all the same. */
const WITHIN_MS = 999;

/** What lies in (fromMs, endMs]. */
export function newerThan(fromMs: number, endMs: number, reply: HistoryReply): HistoryReply {
  const { stepSeconds, end, requestsPerSecond, warning } = reply;
  if (end === null) return reply;
  const stepMs = stepSeconds * 1_000;
  const { length } = requestsPerSecond;
  const lastMs = Date.parse(end);
  const after = Math.min(length, Math.max(0, Math.ceil((lastMs - endMs - WITHIN_MS) / stepMs)));
  const keptEndMs = lastMs - after * stepMs;
  const kept = Math.min(length - after, Math.max(0, Math.ceil((keptEndMs - fromMs) / stepMs)));
  const columns = each(reply, (column) => column.slice(length - after - kept, length - after));
  return { stepSeconds, end: new Date(keptEndMs).toISOString(), ...columns, warning };
}

function each(
  columns: PastColumns,
  change: (column: Column, name: keyof PastColumns) => Column,
): PastColumns {
  const changed = (name: keyof PastColumns): Column => change(columns[name] ?? [], name);
  const orNull = (name: keyof PastColumns): Column | null =>
    columns[name] === null ? null : changed(name);
  return {
    requestsPerSecond: changed('requestsPerSecond'),
    errorRate: changed('errorRate'),
    p50Ms: changed('p50Ms'),
    p95Ms: changed('p95Ms'),
    p99Ms: changed('p99Ms'),
    connections: orNull('connections'),
    inFlight: orNull('inFlight'),
    cacheHitRate: orNull('cacheHitRate'),
  };
}

/** As many digits as those from memory have. */
function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(6));
}
