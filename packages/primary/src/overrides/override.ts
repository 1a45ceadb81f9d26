/** What an operator changed about a backend at run time, how it is written down, and what follows from it. */
import type { OverrideFacts } from '@lb/shared/admin-api/contract';
import type { BackendState, Effective } from '@lb/shared/model/snapshot';

/** At least one of `state` and `weight` is not null. Times are milliseconds since 1970, so that they outlive a restart. */
export interface Override {
  readonly state: 'drain' | 'disabled' | null;
  readonly weight: number | null;
  /** Of the last change. */
  readonly sinceMs: number;
  /** When the drain becomes, or became, `disabled`; null when it lasts until somebody ends it. */
  readonly deadlineMs: number | null;
  /** Who changed it last, as far as that is known. */
  readonly by: string;
}

/** Largest weight of a backend, here as in lb.yaml. */
export const LARGEST_WEIGHT = 1_000;

/** The override as it is at this moment: a drain whose deadline has passed is `disabled`. */
export function overrideAt(override: Override, nowMs: number): Override {
  const { state, deadlineMs } = override;
  const isOver = state === 'drain' && deadlineMs !== null && deadlineMs <= nowMs;
  return isOver ? { ...override, state: 'disabled' } : override;
}

/** What probes and real traffic say of a backend. */
export type Condition = Exclude<BackendState, 'draining' | 'maintenance'>;

/** What holds for a backend in this condition and of this configured weight. */
export function effective(
  condition: Condition,
  override: Override | undefined,
  weight: number,
): Effective {
  const state = joined(condition, override);
  // Where health is ignored, "down" does not keep it out, nor says that it is drained as well: no weight does.
  if (state === 'down' && override?.state === 'drain') return { state, weight: 0 };
  return { state, weight: override?.weight ?? weight };
}

/** A drained backend that is down cannot keep its sessions; from one that traffic speaks against nobody takes them away. */
function joined(condition: Condition, override: Override | undefined): BackendState {
  if (override?.state === 'disabled') return 'maintenance';
  if (condition === 'down') return 'down';
  return override?.state === 'drain' ? 'draining' : condition;
}

/** Why a backend is in the state that the override gives it; undefined when it gives none. */
export function reasonOf({ state, deadlineMs, by }: Override): string | undefined {
  if (state === null) return undefined;
  const deadline = deadlineMs === null ? '' : isoTime(deadlineMs);
  const words =
    state === 'drain'
      ? `drained${deadline && ` until ${deadline}`}`
      : `disabled${deadline && ` by its drain, which ended at ${deadline}`}`;
  return `${words}; last changed by ${by}`;
}

/** As the admin API says it, and as it is stored. */
export function factsOf({ state, weight, sinceMs, deadlineMs, by }: Override): OverrideFacts {
  const deadline = deadlineMs === null ? null : isoTime(deadlineMs);
  return { state, weight, since: isoTime(sinceMs), deadline, by };
}

/** Reads what JSON.stringify(factsOf()) wrote; undefined for what is none. */
export function parseOverride(text: string): Override | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { state, weight, since, deadline, by } = value as Readonly<Record<string, unknown>>;
  const sinceMs = timeOf(since);
  const deadlineMs = deadline === null ? null : timeOf(deadline);
  if (state !== 'drain' && state !== 'disabled' && state !== null) return undefined;
  if (weight !== null && !isWeight(weight)) return undefined;
  if (state === null && weight === null) return undefined;
  if (sinceMs === undefined || deadlineMs === undefined || typeof by !== 'string') return undefined;
  return { state, weight, sinceMs, deadlineMs, by };
}

/** Whether it may be the weight of a backend. */
export function isWeight(value: unknown): value is number {
  return (
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LARGEST_WEIGHT
  );
}

function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
