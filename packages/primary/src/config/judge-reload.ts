/**
 * Whether traffic got worse with a new configuration. Bounds are wide enough that a working configuration is not taken for a
 * bad one by chance, and tight enough that a broken one is seen within seconds.
 */
import { quantileMs } from '../metrics/quantile.ts';
import type { RequestCounts } from '../metrics/request-history.ts';

/** Fewer requests tell nothing. */
export const MIN_REQUESTS = 20;

/** A share of errors is not judged by fewer of them. */
const MIN_ERRORS = 3;

/** A share of errors is worse above twice the one before and a percentage point. */
const ERROR_FACTOR = 2;
const ERROR_MARGIN = 0.01;

/** With fewer requests on either side, p99 is one slow request. */
const MIN_REQUESTS_FOR_P99 = 100;

/** p99 is worse above twice the one before and this. */
const P99_FACTOR = 2;
const P99_MARGIN_MS = 50;

/** Why it is worse, in words; undefined when it is not, or when there is too little to tell. */
export function worsened(before: RequestCounts, after: RequestCounts): string | undefined {
  if (after.requests < MIN_REQUESTS) return undefined;
  return errorsWorsened(before, after) ?? p99Worsened(before, after);
}

function errorsWorsened(before: RequestCounts, after: RequestCounts): string | undefined {
  const [was, now] = [errorRate(before), errorRate(after)];
  if (after.errors < MIN_ERRORS || now <= ERROR_FACTOR * was + ERROR_MARGIN) return undefined;
  return `errors rose from ${percent(was)} to ${percent(now)} (${after.errors} of ${after.requests} requests)`;
}

function p99Worsened(before: RequestCounts, after: RequestCounts): string | undefined {
  if (Math.min(before.requests, after.requests) < MIN_REQUESTS_FOR_P99) return undefined;
  const was = quantileMs(0.99, before.buckets);
  const now = quantileMs(0.99, after.buckets);
  if (was === null || now === null || now <= P99_FACTOR * was + P99_MARGIN_MS) return undefined;
  return `p99 rose from ${was.toFixed(0)} ms to ${now.toFixed(0)} ms`;
}

function errorRate({ requests, errors }: RequestCounts): number {
  return requests === 0 ? 0 : errors / requests;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
