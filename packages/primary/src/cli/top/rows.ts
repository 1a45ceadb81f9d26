/** The backends of a sample as rows that can be sorted and filtered. */
import type { BackendSample, StatsSample } from '@lb/shared/admin-api/statistics';

/** A backend and the pool that it is in. */
export interface Row extends BackendSample {
  readonly pool: string;
}

/** What rows can be sorted by, in the order of the columns. */
export const SORT_KEYS = [
  'name',
  'state',
  'weight',
  'in flight',
  'req/s',
  'p50',
  'p95',
  'p99',
  'errors',
] as const;

/** The column that rows are sorted by. */
export type SortKey = (typeof SORT_KEYS)[number];

/** What is shown, and in which order. */
export interface RowOrder {
  readonly sortBy: SortKey;
  readonly isReversed: boolean;
  /** Part of `pool/backend` or of the state, in any case; '' for all. */
  readonly filter: string;
}

/** `pool/backend`. */
export function targetOf({ pool, name }: Pick<Row, 'pool' | 'name'>): string {
  return `${pool}/${name}`;
}

/** Rows in their order: names from a to z, numbers from the largest. */
export function rowsOf(sample: StatsSample, { sortBy, isReversed, filter }: RowOrder): Row[] {
  const wanted = filter.toLowerCase();
  const rows = sample.pools
    .flatMap(({ name: pool, backends }) => backends.map((backend) => ({ ...backend, pool })))
    .filter((row) => `${targetOf(row)} ${row.state}`.toLowerCase().includes(wanted));
  const compare = comparison(sortBy);
  const sorted = rows.toSorted((a, b) => compare(a, b) || byName(a, b));
  return isReversed ? sorted.toReversed() : sorted;
}

function comparison(sortBy: SortKey): (a: Row, b: Row) => number {
  switch (sortBy) {
    case 'name':
      return byName;
    case 'state':
      return (a, b) => compareTexts(a.state, b.state);
    case 'weight':
      return byNumber(({ effectiveWeight }) => effectiveWeight);
    case 'in flight':
      return byNumber(({ inFlight }) => inFlight);
    case 'req/s':
      return byNumber(({ requestsPerSecond }) => requestsPerSecond);
    case 'p50':
      return byNumber(({ p50Ms }) => p50Ms ?? -1);
    case 'p95':
      return byNumber(({ p95Ms }) => p95Ms ?? -1);
    case 'p99':
      return byNumber(({ p99Ms }) => p99Ms ?? -1);
    case 'errors':
      return byNumber(({ errorRate }) => errorRate);
  }
}

function byName(a: Row, b: Row): number {
  return compareTexts(a.pool, b.pool) || compareTexts(a.name, b.name);
}

function byNumber(read: (row: Row) => number): (a: Row, b: Row) => number {
  return (a, b) => read(b) - read(a);
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
