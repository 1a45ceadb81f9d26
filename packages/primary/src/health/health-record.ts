/** What is known about the health of one backend in one pool: state, why, since when, and its last probes. */
import type { BackendReply } from '@lb/shared/admin-api/contract';
import type { HealthState } from '@lb/shared/model/snapshot';
import type { Clock } from '@lb/shared/time/clock';
import type { ProbeResult } from './probes/probe.ts';

/** Probes of which is kept how they ended, for the heartbeat bar. */
const RECENT_PROBES = 60;

/** One probe as it is shown; `at` is ISO 8601. */
export type ProbeRecord = NonNullable<BackendReply['lastProbe']>;

/** Which backend it is; `slot` is its number in the snapshot. */
export interface BackendIdentity {
  readonly slot: number;
  readonly pool: string;
  readonly backend: string;
}

/** A backend changed its state. */
export interface HealthChange extends BackendIdentity {
  readonly from: HealthState;
  readonly to: HealthState;
  readonly reason: string;
}

/** The record of one backend; outlives the way it is watched. */
export class HealthRecord {
  readonly identity: BackendIdentity;
  readonly #clock: Clock;
  readonly #onChange: (change: HealthChange) => void;
  #lastProbe: ProbeRecord | null = null;
  readonly #recent: boolean[] = [];
  #state: HealthState = 'unknown';
  #reason = 'not probed yet';
  #sinceMs: number;

  constructor(identity: BackendIdentity, clock: Clock, onChange: (change: HealthChange) => void) {
    this.identity = identity;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#sinceMs = clock.wallMs();
  }

  get state(): HealthState {
    return this.#state;
  }

  /** Why it is in this state. */
  get reason(): string {
    return this.#reason;
  }

  /** When it came into this state, in milliseconds since 1970. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  get lastProbe(): ProbeRecord | null {
    return this.#lastProbe;
  }

  /** How the last probes ended, oldest first, at most RECENT_PROBES. */
  get recentProbes(): readonly boolean[] {
    return this.#recent;
  }

  /** Keeps a probe; says nothing about the state. */
  remember(result: ProbeResult): void {
    const at = new Date(this.#clock.wallMs()).toISOString();
    this.#lastProbe = { at, ok: result.ok, ms: result.ms, detail: result.detail };
    this.#recent.push(result.ok);
    if (this.#recent.length > RECENT_PROBES) this.#recent.shift();
  }

  /** Sets the state and its reason, and tells when the state is another one than before. */
  enter(to: HealthState, reason: string): void {
    const from = this.#state;
    this.#reason = reason;
    if (from === to) return;
    this.#state = to;
    this.#sinceMs = this.#clock.wallMs();
    this.#onChange({ ...this.identity, from, to, reason });
  }
}
