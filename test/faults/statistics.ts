/** Figures of a run that is over. */
import { percentile } from '../bench/report/statistics.ts';
import type { Served } from './logs.ts';
import type { Judged } from './judge.ts';

/** From when to when, in the time of clock.ts. */
export interface Window {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Twenty times what a healthy backend takes. */
const SLOW_MS = 100;
/** So long nothing must happen for something to be over. */
const QUIET_MS = 1_000;

function latencyMs({ dueMs, endMs }: Judged): number {
  return endMs - dueMs;
}

export function dueWithin(requests: readonly Judged[], { fromMs, untilMs }: Window): Judged[] {
  return requests.filter(({ dueMs }) => dueMs >= fromMs && dueMs < untilMs);
}

/** Milliseconds of those that were answered rightly. @param part from 0 to 1 */
export function latencyAt(part: number, requests: readonly Judged[]): number {
  const right = requests.filter((request) => request.class === 'right');
  return percentile(
    right.map(latencyMs).sort((a, b) => a - b),
    part,
  );
}

export function isSlow(request: Judged): boolean {
  return request.class === 'right' && latencyMs(request) > SLOW_MS;
}

/**
 * How long after its beginning a fault was felt: until the first second in which no request failed, was slow, was tried again, or
 * came to the faulty backend. Infinity when there was no such second while it lasted.
 */
export function feltMs(
  requests: readonly Judged[],
  served: readonly Served[],
  faulty: string,
  fault: Window,
): number {
  const met = new Set(served.filter(({ backend }) => backend === faulty).map(({ id }) => id));
  const timesMs = dueWithin(requests, fault)
    .filter((request) => {
      const { class: kind, passed, id } = request;
      return kind !== 'right' || isSlow(request) || (passed?.tries ?? 1) > 1 || met.has(id);
    })
    .map(({ dueMs }) => dueMs)
    .sort((a, b) => a - b);
  let lastMs = fault.fromMs;
  for (const timeMs of [...timesMs, Number.POSITIVE_INFINITY]) {
    if (timeMs - lastMs >= QUIET_MS) break;
    lastMs = timeMs;
  }
  return fault.untilMs - lastMs < QUIET_MS ? Number.POSITIVE_INFINITY : lastMs - fault.fromMs;
}

/** How long after its repair a backend got its first request. Infinity when it got none. */
export function backMs(served: readonly Served[], backend: string, repairedMs: number): number {
  const times = served
    .filter((line) => line.backend === backend && line.step === 'begun' && line.atMs > repairedMs)
    .map(({ atMs }) => atMs);
  // Thousands of arguments would not fit.
  return (
    times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY) - repairedMs
  );
}
