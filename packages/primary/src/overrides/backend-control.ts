/** Does what an operator wants of a backend, unless that would leave its pool with nothing. */
import type { BackendChangeRequest } from '@lb/shared/admin-api/contract';
import {
  type BackendSnapshot,
  type Effective,
  type PoolSnapshot,
  takesNewTraffic,
} from '@lb/shared/model/snapshot';
import type { Override } from './override.ts';
import type { OverrideTable } from './override-table.ts';

/** What came of it. `warning` says why it may not last, or is not in force everywhere yet. */
export type ControlOutcome =
  | { readonly ok: true; readonly warning: string | null }
  | { readonly ok: false; readonly status: 404 | 409; readonly message: string };

export interface BackendControlOptions {
  readonly overrides: OverrideTable;
  readonly pools: () => readonly PoolSnapshot[];
  /** What holds for a backend under this override. */
  readonly effectiveOf: (backend: BackendSnapshot, override: Override | undefined) => Effective;
  /** Ends its ejection, if it is in one. */
  readonly readmit: (backend: BackendSnapshot, by: string) => void;
  /** Resolves when every worker works by what was changed, to false when that takes too long. */
  readonly settled: () => Promise<boolean>;
  readonly wallMs: () => number;
}

export class BackendControl {
  readonly #options: BackendControlOptions;

  constructor(options: BackendControlOptions) {
    this.#options = options;
  }

  /**
   * Changes a backend. When it resolves, no worker begins anything that the change forbids.
   * @param wish its values are checked
   */
  async change(
    poolName: string,
    backendName: string,
    wish: BackendChangeRequest,
    by: string,
  ): Promise<ControlOutcome> {
    const { overrides, pools, readmit, settled, wallMs } = this.#options;
    const pool = pools().find(({ name }) => name === poolName);
    if (pool === undefined)
      return { ok: false, status: 404, message: `no pool is called ${poolName}` };
    const backend = pool.backends.find(({ name }) => name === backendName);
    if (backend === undefined)
      return { ok: false, status: 404, message: `pool ${poolName} has no backend ${backendName}` };
    const next = changed(overrides.of(poolName, backendName), wish, wallMs(), by);
    if (wish.force !== true && this.#leavesNothing(pool, backend, next)) {
      const message = `${backendName} is the last backend of pool ${poolName} that may get new traffic`;
      return { ok: false, status: 409, message };
    }
    if (wish.state === 'enabled') readmit(backend, by);
    // In force at once; storing it and waiting for the workers go side by side.
    const stored = overrides.set(poolName, backendName, next, by);
    const [warning, isSettled] = await Promise.all([stored, settled()]);
    const late = isSettled ? null : 'not every worker works by it yet, see the log';
    return { ok: true, warning: warning ?? late };
  }

  /** Takes every override away. */
  async clear(by: string): Promise<{ readonly cleared: number; readonly warning: string | null }> {
    const { overrides, settled } = this.#options;
    const [{ cleared, warning = null }] = await Promise.all([overrides.clear(by), settled()]);
    return { cleared, warning };
  }

  /** A backend that gets no new traffic anyway takes nothing away. */
  #leavesNothing(pool: PoolSnapshot, backend: BackendSnapshot, next: Override | undefined) {
    const { overrides, effectiveOf } = this.#options;
    const isAvailable = (each: BackendSnapshot): boolean =>
      takesNewTraffic(effectiveOf(each, overrides.of(pool.name, each.name)));
    if (!isAvailable(backend) || takesNewTraffic(effectiveOf(backend, next))) return false;
    return !pool.backends.some((each) => each !== backend && isAvailable(each));
  }
}

/** The override after a change; undefined when nothing is left of it. */
function changed(
  before: Override | undefined,
  wish: BackendChangeRequest,
  nowMs: number,
  by: string,
): Override | undefined {
  const weight = wish.weight === undefined ? (before?.weight ?? null) : wish.weight;
  const { state, deadlineMs } = stateAfter(before, wish, nowMs);
  if (state === null && weight === null) return undefined;
  return { state, weight, sinceMs: nowMs, deadlineMs, by };
}

function stateAfter(
  before: Override | undefined,
  { state, deadlineMs }: BackendChangeRequest,
  nowMs: number,
): Pick<Override, 'state' | 'deadlineMs'> {
  if (state === undefined)
    return { state: before?.state ?? null, deadlineMs: before?.deadlineMs ?? null };
  switch (state) {
    case 'enabled':
      return { state: null, deadlineMs: null };
    case 'disabled':
      return { state, deadlineMs: null };
    case 'drain':
      return { state, deadlineMs: deadlineMs === undefined ? null : nowMs + deadlineMs };
  }
}
