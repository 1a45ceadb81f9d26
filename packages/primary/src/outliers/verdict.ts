/** When real traffic speaks against a backend so clearly that it should be out. Pure. */
import type { OutcomeError } from '@lb/shared/ipc/outcomes';
import type { EjectionReason } from '@lb/shared/metrics/catalog';
import { LEAST_COMPARED, type PassiveHealth } from '@lb/shared/model/rotation';
import type { Counts } from './outcome-window.ts';

/** Why a backend should be out. */
export interface Verdict {
  readonly reason: EjectionReason;
  /** In words for people. */
  readonly detail: string;
}

/** What errors say. */
export interface Errors extends Counts {
  /** In a row, over all workers or in one of them. */
  readonly streak: number;
  /** Says nothing while there were none. */
  readonly lastError: OutcomeError;
}

/** Two backends that both answer at once may well differ by a factor. */
const LEAST_DIFFERENCE_MS = 5;

/** What the errors of one backend say; undefined when nothing. */
export function judgeErrors(
  { streak, requests, errors, lastError }: Errors,
  settings: PassiveHealth,
): Verdict | undefined {
  const { consecutiveErrors, errorRate, minRequests } = settings;
  if (consecutiveErrors > 0 && streak >= consecutiveErrors) {
    const count = streak === 1 ? '1 error' : `${streak} errors in a row`;
    return { reason: 'consecutive_errors', detail: `${count}: ${lastError}` };
  }
  if (errorRate === 0 || requests < minRequests || errors < errorRate * requests) return undefined;
  const percent = Math.round((100 * errors) / requests);
  const detail = `${percent} % errors, ${errors} of ${requests} requests: ${lastError}`;
  return { reason: 'error_rate', detail };
}

/**
 * What the latencies of a pool say: which of its backends are too slow, the slowest first.
 * @param p95s in milliseconds, of those backends that had enough requests
 */
export function judgeLatencies<B>(
  p95s: ReadonlyMap<B, number>,
  latencyFactor: number,
): [backend: B, verdict: Verdict][] {
  if (p95s.size < LEAST_COMPARED) return [];
  const median = medianOf([...p95s.values()]);
  const limit = Math.max(median * latencyFactor, median + LEAST_DIFFERENCE_MS);
  return [...p95s]
    .filter(([, p95]) => p95 > limit)
    .sort(([, a], [, b]) => b - a)
    .map(([backend, p95]) => {
      const times = (p95 / median).toFixed(1);
      const detail = `p95 of ${shown(p95)}, ${times} times the ${shown(median)} of the pool`;
      return [backend, { reason: 'latency', detail }];
    });
}

function medianOf(values: number[]): number {
  values.sort((a, b) => a - b);
  const middle = values.length / 2;
  const upper = values[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? (upper + (values[middle - 1] ?? 0)) / 2 : upper;
}

function shown(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}
