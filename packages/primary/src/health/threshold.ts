/** When probes change a backend's state: the first result at once, later ones only `fall` or `rise` in a row. Pure. */
import type { HealthState } from '@lb/shared/model/snapshot';

/** Where a backend stands between two probes. */
export interface Standing {
  readonly state: HealthState;
  /** Results in a row that speak against `state`. */
  readonly against: number;
  /** The next result decides alone: nothing was learnt yet, or it was learnt by another kind of probe. */
  readonly fresh: boolean;
}

/** The two thresholds of a healthCheck; both at least 1. */
export interface Thresholds {
  readonly fall: number;
  readonly rise: number;
}

/** Nothing is known. */
export const UNPROBED: Standing = { state: 'unknown', against: 0, fresh: true };

/** Real traffic could not connect: down at once, and only `rise` successes in a row bring the backend back. */
export const TRIPPED: Standing = { state: 'down', against: 0, fresh: false };

/** The standing after one more probe. */
export function afterResult(standing: Standing, ok: boolean, thresholds: Thresholds): Standing {
  const verdict = ok ? 'up' : 'down';
  if (standing.fresh) return { state: verdict, against: 0, fresh: false };
  if (standing.state === verdict) return { ...standing, against: 0 };
  const against = standing.against + 1;
  const needed = ok ? thresholds.rise : thresholds.fall;
  return against >= needed
    ? { state: verdict, against: 0, fresh: false }
    : { ...standing, against };
}
