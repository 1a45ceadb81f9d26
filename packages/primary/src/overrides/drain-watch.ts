/** Notices when a backend that is being drained has nothing in flight any more. */
import type { OverrideChange } from './override-table.ts';

export interface DrainWatchOptions {
  /** Tries in flight to a backend over all workers; undefined when the configuration does not have it. */
  readonly inFlight: (pool: string, backend: string) => number | undefined;
  /** Resolves when every worker knows of the changes: before, one may still begin something that nobody has counted. */
  readonly settled: () => Promise<unknown>;
  /** Called once a drain. */
  readonly onEmpty: (pool: string, backend: string) => void;
}

interface Drain {
  readonly pool: string;
  readonly backend: string;
  /** Every worker knows of it. */
  isSettled: boolean;
}

export class DrainWatch {
  readonly #options: DrainWatchOptions;
  /** Drains that are not empty yet; it is empty most of the time, so that check() costs nothing. */
  readonly #drains = new Set<Drain>();

  constructor(options: DrainWatchOptions) {
    this.#options = options;
  }

  /** Takes note of drains that begin and end. Call it after the workers were told. */
  follow(changes: readonly OverrideChange[]): void {
    const begun: Drain[] = [];
    for (const { pool, backend, before, after } of changes) {
      const isDraining = after?.state === 'drain';
      if (isDraining === (before?.state === 'drain')) continue;
      if (isDraining) begun.push({ pool, backend, isSettled: false });
      else this.#end(pool, backend);
    }
    for (const drain of begun) this.#drains.add(drain);
    if (begun.length > 0) void this.#settle(begun);
  }

  /** What is in flight became another number. */
  check(): void {
    for (const drain of this.#drains) {
      if (!drain.isSettled) continue;
      const inFlight = this.#options.inFlight(drain.pool, drain.backend);
      if (inFlight !== undefined && inFlight > 0) continue;
      this.#drains.delete(drain);
      if (inFlight === 0) this.#options.onEmpty(drain.pool, drain.backend);
    }
  }

  async #settle(begun: readonly Drain[]): Promise<void> {
    await this.#options.settled();
    for (const drain of begun) drain.isSettled = true;
    this.check();
  }

  #end(pool: string, backend: string): void {
    for (const drain of this.#drains) {
      if (drain.pool === pool && drain.backend === backend) this.#drains.delete(drain);
    }
  }
}
