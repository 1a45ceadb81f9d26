/** Notices when a pool begins and ends to ignore health, as its workers do by the same rule. */
import { isPanic } from '@lb/shared/model/rotation';
import type { BackendSnapshot, Effective, PoolSnapshot } from '@lb/shared/model/snapshot';

export interface PanicWatchOptions {
  readonly pools: () => readonly PoolSnapshot[];
  readonly effectiveOf: (pool: string, backend: BackendSnapshot) => Effective;
  readonly onChange: (pool: string, isPanicking: boolean) => void;
}

export class PanicWatch {
  readonly #options: PanicWatchOptions;
  readonly #panicking = new Set<string>();
  /** Pools to look at: a thousand backends that go down together are looked at once. */
  readonly #stale = new Set<string>();

  constructor(options: PanicWatchOptions) {
    this.#options = options;
  }

  /** Something about a backend of the pool, or the pool, is another than before. */
  changed(pool: string): void {
    if (this.#stale.size === 0) setImmediate(() => this.#look());
    this.#stale.add(pool);
  }

  /** Whether the pool ignores health. */
  isPanicking(pool: PoolSnapshot): boolean {
    if (pool.panicThreshold === 0) return false;
    const { effectiveOf } = this.#options;
    const states = pool.backends.map((backend) => effectiveOf(pool.name, backend));
    return isPanic(states, pool.panicThreshold);
  }

  #look(): void {
    const pools = new Map(this.#options.pools().map((pool) => [pool.name, pool]));
    for (const name of this.#stale) {
      const pool = pools.get(name);
      if (pool !== undefined) this.#set(name, this.isPanicking(pool));
    }
    this.#stale.clear();
    for (const name of this.#panicking) if (!pools.has(name)) this.#panicking.delete(name);
  }

  #set(pool: string, isPanicking: boolean): void {
    if (isPanicking === this.#panicking.has(pool)) return;
    if (isPanicking) this.#panicking.add(pool);
    else this.#panicking.delete(pool);
    this.#options.onChange(pool, isPanicking);
  }
}
