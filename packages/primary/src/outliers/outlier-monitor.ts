/**
 * Passive health, for the whole instance: joins what the workers saw of real traffic, takes a backend out that stands out by
 * its errors or its slowness, and lets it back in when its time is over.
 *
 *     workers ── outcomes ──▶ suspects ──▶ verdict ──▶ limits ──┬─▶ ejected ──▶ onChange ──▶ workers, events, metrics
 *                                                              └─▶ onSuppressed
 */
import { unpackRows } from '@lb/shared/ipc/outcomes';
import type { EjectionReason } from '@lb/shared/metrics/catalog';
import { canEject, mayEject } from '@lb/shared/model/rotation';
import {
  type BackendSnapshot,
  type Effective,
  type PoolSnapshot,
  takesNewTraffic,
} from '@lb/shared/model/snapshot';
import type { Clock } from '@lb/shared/time/clock';
import type { BackendIdentity } from '../health/health-record.ts';
import { systemSchedule, type Schedule } from '../health/watch.ts';
import { ejectionMs, nextCount } from './ejection.ts';
import { Suspect } from './suspect.ts';
import { judgeErrors, judgeLatencies, type Verdict } from './verdict.ts';

/** A longer timer would run at once. @see setTimeout in Node's documentation */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How often a backend is said to have been spared. */
const SAY_AGAIN_MS = 60_000;

/** A backend is ejected, or back: then with the reason why, and no time. */
export interface EjectionChange extends BackendIdentity {
  readonly ejected: {
    readonly reason: EjectionReason;
    readonly count: number;
    readonly untilMs: number;
  } | null;
  readonly detail: string;
}

/** An ejection that the limits forbid. */
export interface SparedEjection extends BackendIdentity, Verdict {
  /** Worth saying: it was not said lately. */
  readonly isNews: boolean;
}

export interface OutlierMonitorOptions {
  readonly clock: Clock;
  /** What holds for a backend now, given as it is configured. */
  readonly effectiveOf: (pool: string, backend: BackendSnapshot) => Effective;
  readonly onChange: (change: EjectionChange) => void;
  /** The worker that saw enough by itself has taken the backend out already, and has to be told. */
  readonly onSuppressed: (spared: SparedEjection) => void;
  readonly schedule?: Schedule;
}

/** Packed as in the message `outcomes`. */
export interface ReportedOutcomes {
  readonly rows: Int32Array;
  readonly latencies: Uint32Array;
}

export class OutlierMonitor {
  readonly #options: OutlierMonitorOptions;
  readonly #schedule: Schedule;
  readonly #suspects = new Map<number, Suspect>();
  /** Those of them that are out: few, most of the time none. */
  readonly #ejected = new Set<Suspect>();
  #pools: ReadonlyMap<string, PoolSnapshot> = new Map();
  /** When the latencies of a pool were looked at last. */
  readonly #comparedMs = new Map<string, number>();

  constructor(options: OutlierMonitorOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? systemSchedule;
  }

  /**
   * Takes the pools of a new snapshot. A backend that keeps slot, pool, name and url keeps what is known of it, and its
   * ejection as long as the pool has passive health at all. Call it before the states are read for the snapshot.
   */
  update(pools: readonly PoolSnapshot[]): void {
    this.#pools = new Map(pools.map((pool) => [pool.name, pool]));
    const wanted = new Map(
      pools
        .filter(({ passiveHealth }) => canEject(passiveHealth))
        .flatMap((pool) => pool.backends.map((backend) => [backend.slot, { pool, backend }])),
    );
    for (const [slot, suspect] of this.#suspects) {
      const next = wanted.get(slot);
      if (next !== undefined && suspect.isOf(next.pool, next.backend)) continue;
      suspect.ejection?.cancel();
      this.#ejected.delete(suspect);
      this.#suspects.delete(slot);
    }
    for (const [slot, { pool, backend }] of wanted) {
      const known = this.#suspects.get(slot);
      const identity = { slot, pool: pool.name, backend: backend.name };
      if (known === undefined)
        this.#suspects.set(slot, new Suspect(identity, backend.url, pool.passiveHealth));
      else known.adopt(pool.passiveHealth);
    }
    for (const name of this.#comparedMs.keys())
      if (!this.#pools.has(name)) this.#comparedMs.delete(name);
  }

  /** Takes what a worker saw; what it says of backends that are out, or that nobody has any more, says nothing. */
  report({ rows, latencies }: ReportedOutcomes): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const row of unpackRows(rows)) {
      const suspect = this.#suspects.get(row.slot);
      if (suspect === undefined || suspect.ejection !== undefined) continue;
      const verdict = judgeErrors(suspect.take(row, nowMs), suspect.settings);
      if (verdict !== undefined) this.#convict(suspect, verdict);
    }
    const measured = new Set<string>();
    for (let at = 0; at + 3 <= latencies.length; at += 3) {
      const [slot = 0, bucket = 0, count = 0] = latencies.subarray(at, at + 3);
      const suspect = this.#suspects.get(slot);
      if (suspect === undefined || suspect.ejection !== undefined) continue;
      suspect.takeLatencies(bucket, count, nowMs);
      measured.add(suspect.identity.pool);
    }
    for (const pool of measured) this.#compare(pool, nowMs);
  }

  isEjected(slot: number): boolean {
    return this.#suspects.get(slot)?.ejection !== undefined;
  }

  /** Why a backend is ejected, and until when; undefined when it is not. */
  reasonOf(slot: number): string | undefined {
    const ejection = this.#suspects.get(slot)?.ejection;
    if (ejection === undefined) return undefined;
    return `${ejection.detail}; ejected until ${new Date(ejection.untilMs).toISOString()}`;
  }

  /**
   * A backend of the pool went down or was taken out. When nothing is left that may get traffic, the ejected ones are let back
   * in: better than nobody is better.
   */
  relieve(poolName: string): void {
    const pool = this.#pools.get(poolName);
    if (pool === undefined) return;
    const ejected = [...this.#ejected].filter(({ identity }) => identity.pool === poolName);
    if (ejected.length === 0 || this.#states(pool).some(takesNewTraffic)) return;
    for (const suspect of ejected) this.#release(suspect, 'no other backend of the pool is left');
  }

  /** A backend was down, and its probes brought it up again: it is not what traffic spoke against any more. */
  recovered(slot: number): void {
    const suspect = this.#suspects.get(slot);
    if (suspect !== undefined) this.#release(suspect, 'it was down and is up again');
  }

  /** Somebody says that the backend is fine. */
  readmit(slot: number, by: string): void {
    const suspect = this.#suspects.get(slot);
    if (suspect !== undefined) this.#release(suspect, `enabled by ${by}`);
  }

  /** Stops every timer. */
  close(): void {
    for (const { ejection } of this.#ejected) ejection?.cancel();
    this.#ejected.clear();
    this.#suspects.clear();
  }

  /** Latencies are looked at once a tenth of the window: they change no faster. */
  #compare(poolName: string, nowMs: number): void {
    const pool = this.#pools.get(poolName);
    if (pool === undefined) return;
    const { latencyFactor, window: windowMs } = pool.passiveHealth;
    const comparedMs = this.#comparedMs.get(poolName) ?? Number.NEGATIVE_INFINITY;
    if (latencyFactor === 0 || nowMs - comparedMs < windowMs / 10) return;
    this.#comparedMs.set(poolName, nowMs);
    const p95s = new Map<Suspect, number>();
    for (const { slot } of pool.backends) {
      const suspect = this.#suspects.get(slot);
      const p95 = suspect?.ejection === undefined ? suspect?.p95Ms(nowMs) : undefined;
      if (suspect !== undefined && p95 !== undefined) p95s.set(suspect, p95);
    }
    for (const [suspect, verdict] of judgeLatencies(p95s, latencyFactor))
      this.#convict(suspect, verdict);
  }

  /** A backend that is out already needs no verdict: one that is down comes back by its probes, one taken out by its operator. */
  #convict(suspect: Suspect, { reason, detail }: Verdict): void {
    const { identity, settings } = suspect;
    suspect.forget();
    const pool = this.#pools.get(identity.pool);
    const states = pool === undefined ? [] : this.#states(pool);
    const own = states.find(({ slot }) => slot === identity.slot);
    if (own?.state !== 'up' && own?.state !== 'unknown') return;
    const { clock, onChange, onSuppressed } = this.#options;
    const nowMs = clock.monotonicMs();
    if (!mayEject(own, states, settings.maxEjectedPercent)) {
      const isNews = nowMs - suspect.saidMs >= SAY_AGAIN_MS;
      if (isNews) suspect.saidMs = nowMs;
      onSuppressed({ ...identity, reason, detail, isNews });
      return;
    }
    const count = nextCount(suspect.past, settings.ejectFor, nowMs);
    const lastsMs = Math.min(ejectionMs(count, settings), LONGEST_TIMER_MS);
    const untilMs = clock.wallMs() + lastsMs;
    const cancel = this.#schedule(lastsMs, () => this.#release(suspect, 'its time is over'));
    this.#ejected.add(suspect);
    suspect.ejection = { detail, untilMs, count, cancel };
    onChange({ ...identity, ejected: { reason, count, untilMs }, detail });
  }

  #release(suspect: Suspect, detail: string): void {
    const { ejection, identity } = suspect;
    if (ejection === undefined) return;
    ejection.cancel();
    this.#ejected.delete(suspect);
    suspect.ejection = undefined;
    suspect.past = { count: ejection.count, endedAtMs: this.#options.clock.monotonicMs() };
    this.#options.onChange({ ...identity, ejected: null, detail });
  }

  /** What holds for the backends of a pool; one that is ejected and down as well counts as ejected. */
  #states(pool: PoolSnapshot): (Effective & { readonly slot: number })[] {
    const { effectiveOf } = this.#options;
    return pool.backends.map((backend) => {
      const { slot } = backend;
      const { state, weight } = effectiveOf(pool.name, backend);
      const isOut = state === 'down' && this.isEjected(slot);
      return { slot, state: isOut ? 'ejected' : state, weight };
    });
  }
}
