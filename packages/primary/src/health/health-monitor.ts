/**
 * The health of every backend, followed once for the whole instance, per (pool, backend).
 *
 *     snapshot ─▶ update ─▶ one watch a backend ─▶ onChange ─▶ workers, events, metrics
 *     workers ─▶ reportFailure ─────┘
 */
import { isDeepStrictEqual } from 'node:util';
import type { BackendSnapshot, HealthState, PoolSnapshot } from '@lb/shared/model/snapshot';
import { ClientContexts } from '@lb/shared/net/client-tls';
import type { Clock, Random } from '@lb/shared/time/clock';
import type { Logger } from 'pino';
import { HealthRecord, type HealthChange, type ProbeRecord } from './health-record.ts';
import { ProbeWatch } from './probe-watch.ts';
import { probeBackend } from './probes/probe-backend.ts';
import { probeTarget } from './probes/probe-target.ts';
import { TrialWatch } from './trial-watch.ts';
import {
  systemSchedule,
  type ProbeEvent,
  type Schedule,
  type Watch,
  type WatchTools,
} from './watch.ts';

/** First probes of new backends are spread over this much a backend, so that a thousand do not connect in one burst. */
const SPREAD_PER_BACKEND_MS = 2;
const LONGEST_SPREAD_MS = 1_000;

/** What the monitor is built from; `schedule` and `probe` are replaced in tests. */
export interface HealthMonitorOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly onChange: (change: HealthChange) => void;
  readonly onProbe: (event: ProbeEvent) => void;
  readonly schedule?: Schedule;
  readonly probe?: WatchTools['probe'];
}

/** A backend's health as people see it. */
export interface HealthDescription {
  readonly state: HealthState;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly lastProbe: ProbeRecord | null;
}

/** What decides how a backend is probed. */
type ProbeSettings = Pick<PoolSnapshot, 'healthCheck' | 'tls'>;

interface Entry {
  readonly url: string;
  readonly record: HealthRecord;
  settings: ProbeSettings;
  watch: Watch;
}

/** Owns every probe, timer and health record. */
export class HealthMonitor {
  readonly #tools: WatchTools;
  readonly #contexts = new ClientContexts();
  readonly #onChange: (change: HealthChange) => void;
  readonly #entries = new Map<number, Entry>();

  constructor(options: HealthMonitorOptions) {
    this.#onChange = options.onChange;
    this.#tools = {
      clock: options.clock,
      random: options.random,
      log: options.log,
      onProbe: options.onProbe,
      schedule: options.schedule ?? systemSchedule,
      probe: options.probe ?? probeBackend,
    };
  }

  /**
   * Takes the pools of a new snapshot. A backend that keeps slot, pool, name and url keeps its record, and with an
   * unchanged healthCheck and tls its counters and timers too; a changed one is probed at once, and that result decides alone.
   * Call it before the states are read for the snapshot: a slot may have changed hands.
   */
  update(pools: readonly PoolSnapshot[]): void {
    const wanted = new Map(
      pools.flatMap((pool) => pool.backends.map((backend) => [backend.slot, { pool, backend }])),
    );
    for (const [slot, entry] of this.#entries) {
      const next = wanted.get(slot);
      if (next !== undefined && isSame(entry, next.pool, next.backend)) continue;
      entry.watch.close();
      this.#entries.delete(slot);
    }
    const begin: ProbeWatch[] = [];
    for (const { pool, backend } of wanted.values()) {
      const watch = this.#follow(pool, backend);
      if (watch instanceof ProbeWatch) begin.push(watch);
    }
    const spreadMs = Math.min(begin.length * SPREAD_PER_BACKEND_MS, LONGEST_SPREAD_MS);
    for (const watch of begin) watch.start(this.#tools.random() * spreadMs);
  }

  /** The state of a backend; `unknown` for a slot that nobody has. */
  stateOf(slot: number): HealthState {
    return this.#entries.get(slot)?.record.state ?? 'unknown';
  }

  /** State, reason and last probe of a backend, for the admin API. */
  describe(slot: number): HealthDescription {
    const record = this.#entries.get(slot)?.record;
    if (record === undefined)
      return {
        state: 'unknown',
        reason: 'not probed yet',
        since: this.#tools.clock.wallMs(),
        lastProbe: null,
      };
    const { state, reason, sinceMs: since, lastProbe } = record;
    return { state, reason, since, lastProbe };
  }

  /** Whether the last probes of a backend went well, oldest first, at most 60. */
  recentProbes(slot: number): readonly boolean[] {
    return this.#entries.get(slot)?.record.recentProbes ?? [];
  }

  /** Real traffic could not connect: the backend is down when this returns. A slot that nobody has is ignored. */
  reportFailure(slot: number, reason: string): void {
    this.#entries.get(slot)?.watch.reportFailure(reason);
  }

  /** Real traffic speaks against a backend that can be connected to: it is probed soon, and is down if that fails. */
  doubt(slot: number): void {
    this.#entries.get(slot)?.watch.doubt();
  }

  /** Stops every probe and timer. */
  close(): void {
    for (const { watch } of this.#entries.values()) watch.close();
    this.#entries.clear();
  }

  /** The new watch of a backend that is new or has a new healthCheck; undefined when it is followed as before. */
  #follow(pool: PoolSnapshot, backend: BackendSnapshot): Watch | undefined {
    const { healthCheck, tls } = pool;
    const settings = { healthCheck, tls };
    const entry = this.#entries.get(backend.slot);
    if (entry === undefined) {
      const identity = { slot: backend.slot, pool: pool.name, backend: backend.name };
      const record = new HealthRecord(identity, this.#tools.clock, this.#onChange);
      const watch = this.#watch(record, pool, backend);
      this.#entries.set(backend.slot, { url: backend.url, record, settings, watch });
      return watch;
    }
    if (isDeepStrictEqual(entry.settings, settings)) return undefined;
    entry.watch.close();
    entry.settings = settings;
    entry.watch = this.#watch(entry.record, pool, backend);
    return entry.watch;
  }

  #watch(record: HealthRecord, pool: PoolSnapshot, { url }: BackendSnapshot): Watch {
    return pool.healthCheck.type === 'none'
      ? new TrialWatch(record, pool.healthCheck.interval, this.#tools)
      : new ProbeWatch(record, probeTarget(pool, url, this.#contexts), this.#tools);
  }
}

function isSame(entry: Entry, pool: PoolSnapshot, backend: BackendSnapshot): boolean {
  const { identity } = entry.record;
  return (
    identity.pool === pool.name && identity.backend === backend.name && entry.url === backend.url
  );
}
