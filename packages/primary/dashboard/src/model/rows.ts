/** The rows of a pool's table: what is known of its backends, joined, filtered and sorted. */
import type { BackendReply, PoolReply } from '@lb/shared/admin-api/contract';
import type { StatsSample } from '@lb/shared/admin-api/statistics';

/** Columns that a table can be sorted by. */
export type SortKey =
  | 'state'
  | 'name'
  | 'weight'
  | 'inFlight'
  | 'requestsPerSecond'
  | 'p50Ms'
  | 'p95Ms'
  | 'p99Ms'
  | 'errorRate';

export interface Sort {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

export interface RowFilter {
  /** Part of a name, a URL, a state or a reason; '' for all. */
  readonly text: string;
  readonly onlyProblems: boolean;
}

/** What needs attention first. */
const STATE_ORDER: readonly BackendReply['state'][] = [
  'down',
  'ejected',
  'draining',
  'maintenance',
  'up',
];

/** The pools as they were asked for last, with the numbers of the newest sample. */
export function joinPools(
  pools: readonly PoolReply[],
  sample: StatsSample | null,
): readonly PoolReply[] {
  if (sample === null) return pools;
  const samples = new Map(sample.pools.map((pool) => [pool.name, pool]));
  return pools.map((pool) => {
    const newest = samples.get(pool.name);
    if (newest === undefined) return pool;
    const numbers = new Map(newest.backends.map((backend) => [backend.name, backend]));
    const backends = pool.backends.map((backend) => ({
      ...backend,
      ...numbers.get(backend.name),
    }));
    return { ...pool, ...newest, backends };
  });
}

/** True when a sample says something of backends that the pools do not know: their reasons and probes are old as well. */
export function areOutdated(pools: readonly PoolReply[], sample: StatsSample): boolean {
  const joined = joinPools(pools, sample);
  return (
    pools.length !== sample.pools.length ||
    joined.some((pool, place) =>
      pool.backends.some(({ state }, index) => state !== pools[place]?.backends[index]?.state),
    )
  );
}

/** Those that are wanted, in the order that is wanted; in that of the configuration without a sort. */
export function rowsOf(
  pool: PoolReply,
  filter: RowFilter,
  sort: Sort | undefined,
): readonly BackendReply[] {
  const words = filter.text.toLowerCase();
  const isWanted = (backend: BackendReply): boolean =>
    (!filter.onlyProblems || isProblem(backend)) &&
    [pool.name, backend.name, backend.url, backend.state, backend.reason].some((text) =>
      text.toLowerCase().includes(words),
    );
  const rows = pool.backends.filter(isWanted);
  return sort === undefined ? rows : rows.sort(comparison(sort));
}

/** Out of rotation, or answering with errors. */
function isProblem({ state, errorRate, breaker }: BackendReply): boolean {
  return state !== 'up' || errorRate > 0 || (breaker !== null && breaker !== 'closed');
}

function comparison({ key, isDescending }: Sort): (a: BackendReply, b: BackendReply) => number {
  const sign = isDescending ? -1 : 1;
  switch (key) {
    case 'name':
      return (a, b) => sign * a.name.localeCompare(b.name, 'en', { numeric: true });
    case 'state':
      return (a, b) => sign * (STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state));
    case 'weight':
      return (a, b) => sign * (a.effectiveWeight - b.effectiveWeight);
    default:
      // Without a number it is at the end, whichever way.
      return (a, b) => {
        const [left, right] = [a[key], b[key]];
        if (left === null || right === null) return Number(left === null) - Number(right === null);
        return sign * (left - right);
      };
  }
}
