/**
 * Numbers backends: the slot is a backend's place in every typed array and message, so it must not move while the
 * backend stays, and must not pass to another backend while anybody may still count under it.
 */
import type { PoolConfig } from '@lb/shared/config/schema/root';

/** A slot rests this long after its backend left before another backend may have it. */
export const SLOT_REST_MS = 600_000;

export interface SlotTableOptions {
  readonly monotonicMs: () => number;
  /** Whether some worker still has a try in flight under a slot; a tunnel may outlive its backend by hours. */
  readonly isBusy: (slot: number) => boolean;
}

interface Entry {
  readonly slot: number;
  /** When the backend left; undefined while it is there. */
  leftAtMs: number | undefined;
}

/**
 * Gives slots out. A backend is the same as long as pool, name and url are; one that comes back while its slot rests gets
 * it again. The table grows to the number of backends ever seen within SLOT_REST_MS, and is then reused.
 */
export class SlotTable {
  readonly #options: SlotTableOptions;
  readonly #entries = new Map<string, Entry>();
  #count = 0;

  constructor(options: SlotTableOptions) {
    this.#options = options;
  }

  /** Slots ever given out: the length of an array that has a place for each. */
  get count(): number {
    return this.#count;
  }

  /** Gives every backend of the pools its slot and sends those that are in none of them to rest. */
  assign(
    pools: Readonly<Record<string, PoolConfig>>,
  ): (pool: string, backend: BackendId) => number {
    const wanted = Object.entries(pools).flatMap(([pool, { backends }]) =>
      backends.map((backend) => keyOf(pool, backend)),
    );
    const present = new Set(wanted);
    const now = this.#options.monotonicMs();
    for (const [key, entry] of this.#entries) {
      if (present.has(key)) entry.leftAtMs = undefined;
      else entry.leftAtMs ??= now;
    }
    const rested = [...this.#entries].filter(([, entry]) => this.#isRested(entry, now));
    for (const key of wanted) {
      if (this.#entries.has(key)) continue;
      const [oldKey, old] = rested.pop() ?? [];
      if (oldKey !== undefined) this.#entries.delete(oldKey);
      this.#entries.set(key, { slot: old?.slot ?? this.#count++, leftAtMs: undefined });
    }
    return (pool, backend) => {
      const entry = this.#entries.get(keyOf(pool, backend));
      if (entry === undefined) throw new RangeError(`no slot for ${pool}/${backend.name}`);
      return entry.slot;
    };
  }

  #isRested(entry: Entry, now: number): boolean {
    return (
      entry.leftAtMs !== undefined &&
      now - entry.leftAtMs >= SLOT_REST_MS &&
      !this.#options.isBusy(entry.slot)
    );
  }
}

/** What makes a backend the same backend within its pool. */
interface BackendId {
  readonly name: string;
  readonly url: string;
}

function keyOf(pool: string, backend: BackendId): string {
  return JSON.stringify([pool, backend.name, backend.url]);
}
