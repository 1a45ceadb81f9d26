/**
 * When the slow start of each backend began. One begins whenever a backend may get new traffic that could get none before:
 * it came up, was enabled, got a weight, or is new. What was there at the start of the instance came at once.
 */
import {
  type BackendSnapshot,
  type Effective,
  type PoolSnapshot,
  takesNewTraffic,
} from '@lb/shared/model/snapshot';
import { slowStartShare } from '@lb/shared/model/slow-start';
import type { Clock } from '@lb/shared/time/clock';

/** A slow start as people see it. */
export interface SlowStartProgress {
  readonly leftMs: number;
  /** The part of its traffic that the backend gets: 1 when nobody is there to take the rest. */
  readonly share: number;
}

/** A slow start began, or is over. */
export interface SlowStartChange {
  readonly pool: string;
  readonly backend: string;
  readonly lengthMs: number;
  /** `cut`: it ended because the backend gets no new traffic any more. */
  readonly what: 'begun' | 'over' | 'cut';
}

interface Entry {
  readonly pool: string;
  readonly backend: string;
  readonly backup: boolean;
  readonly lengthMs: number;
  takesTraffic: boolean;
  /** On the monotonic clock; undefined when it is in none. */
  beganAtMs: number | undefined;
}

export class SlowStarts {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #onChange: (change: SlowStartChange) => void;
  /** By slot. */
  #entries: ReadonlyMap<number, Entry> | undefined;

  constructor(
    clock: Pick<Clock, 'monotonicMs'>,
    onChange: (change: SlowStartChange) => void = () => undefined,
  ) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Takes the pools of a new snapshot, before workers are told what holds for them. Slow starts go on where they were. */
  follow(pools: readonly PoolSnapshot[]): void {
    this.look();
    const before = this.#entries;
    const entries = pools.flatMap((pool) =>
      pool.backends.map(({ slot, name, backup }): [number, Entry] => {
        const known = before?.get(slot);
        const isGoingOn = known !== undefined && this.#elapsedMs(known) !== undefined;
        const entry = {
          pool: pool.name,
          backend: name,
          backup,
          lengthMs: pool.slowStart,
          takesTraffic: known?.takesTraffic ?? before === undefined,
          beganAtMs: isGoingOn ? known.beganAtMs : undefined,
        };
        return [slot, entry];
      }),
    );
    this.#entries = new Map(entries);
  }

  /** Takes what holds for a backend from now on, and says it as workers are told. */
  told({ slot }: BackendSnapshot, effective: Effective): Effective {
    const entry = this.#entries?.get(slot);
    if (entry === undefined) return effective;
    const takesTraffic = takesNewTraffic(effective);
    if (takesTraffic !== entry.takesTraffic) {
      entry.takesTraffic = takesTraffic;
      if (entry.beganAtMs !== undefined) this.#end(entry, 'cut');
      if (takesTraffic) this.#begin(entry);
    }
    const slowStartMs = this.#elapsedMs(entry);
    return slowStartMs === undefined ? effective : { ...effective, slowStartMs };
  }

  /** Notices those whose time is over; its owner calls it once a second. */
  look(): void {
    for (const entry of this.#entries?.values() ?? [])
      if (entry.beganAtMs !== undefined && this.#elapsedMs(entry) === undefined)
        this.#end(entry, 'over');
  }

  #begin(entry: Entry): void {
    if (entry.lengthMs === 0) return;
    entry.beganAtMs = this.#clock.monotonicMs();
    this.#tell(entry, 'begun');
  }

  #end(entry: Entry, what: 'over' | 'cut'): void {
    const isOver = this.#elapsedMs(entry) === undefined;
    entry.beganAtMs = undefined;
    this.#tell(entry, isOver ? 'over' : what);
  }

  #tell({ pool, backend, lengthMs }: Entry, what: SlowStartChange['what']): void {
    this.#onChange({ pool, backend, lengthMs, what });
  }

  /** The slow start of a backend; undefined when it is in none. */
  progressOf(slot: number): SlowStartProgress | undefined {
    const entry = this.#entries?.get(slot);
    const elapsedMs = entry && this.#elapsedMs(entry);
    if (entry === undefined || elapsedMs === undefined) return undefined;
    const { lengthMs } = entry;
    const share = this.#isSpared(entry) ? slowStartShare(elapsedMs, lengthMs) : 1;
    return { leftMs: lengthMs - elapsedMs, share };
  }

  /** Somebody of the pool takes what is taken from it. */
  #isSpared({ pool, backup }: Entry): boolean {
    for (const other of this.#entries?.values() ?? []) {
      if (other.pool !== pool || other.backup !== backup || !other.takesTraffic) continue;
      if (this.#elapsedMs(other) === undefined) return true;
    }
    return false;
  }

  #elapsedMs({ beganAtMs, lengthMs }: Entry): number | undefined {
    if (beganAtMs === undefined) return undefined;
    const elapsedMs = this.#clock.monotonicMs() - beganAtMs;
    return elapsedMs < lengthMs ? elapsedMs : undefined;
  }
}
