/**
 * What all instances that share a store purge: each reads the log of it ten times a second, has its workers purge, and says how far
 * it is. An instance that was cut off from the store reads on where it was.
 */
import type { LoggedPurge, Registry } from '@lb/shared/store/registry';
import { StoreError } from '@lb/shared/store/store';
import type { Clock } from '@lb/shared/time/clock';

const READ_MS = 100;

/** What the others know of this instance is forgotten when it is not said again. */
const SAY_AGAIN_MS = 60_000;

export interface PurgeFeedOptions {
  readonly clock: Clock;
  /** Of all instances; undefined for one that is alone. */
  readonly registry: () => Registry | undefined;
  /** Of this instance. */
  readonly id: () => string;
  /** There are caches. */
  readonly isWanted: () => boolean;
  /** Resolves when every worker has done it. */
  readonly purge: (purges: readonly LoggedPurge['purge'][]) => Promise<void>;
}

export class PurgeFeed {
  readonly #options: PurgeFeedOptions;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  /** Where it reads, and up to where it has. */
  #registry: Registry | undefined;
  #place: string | undefined;
  /** It could not be read when workers began to store. */
  #isLate = false;
  #saidMs = 0;
  #isClosed = false;

  constructor(options: PurgeFeedOptions) {
    this.#options = options;
  }

  /** Reads from now on until it is closed. */
  start(): void {
    const again = (): void => {
      if (this.#isClosed) return;
      this.#timer = setTimeout(() => {
        void this.read().then(again);
      }, READ_MS);
    };
    void this.read().then(again);
  }

  /** Reads what there is now. Never rejects: what cannot be read now is read later. */
  async read(): Promise<void> {
    // What another read has begun may have been asked before the last purge.
    await this.#reading;
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#reading;
    await this.#ignoringStore(() => this.#stopIn(this.#registry));
  }

  #readOn(): Promise<void> {
    return this.#ignoringStore(async () => {
      const { registry, isWanted } = this.#options;
      const current = isWanted() ? registry() : undefined;
      if (current !== this.#registry) {
        const left = this.#registry;
        this.#registry = current;
        this.#place = undefined;
        this.#isLate = false;
        if (left !== undefined && left === registry()) await this.#stopIn(left);
      }
      if (current !== undefined) await this.#follow(current);
    });
  }

  async #follow(registry: Registry): Promise<void> {
    if (this.#place === undefined) {
      const isLate = this.#isLate;
      this.#isLate = true;
      this.#place = await registry.endOfPurges();
      if (isLate) await this.#options.purge(['everything']);
      await this.#say(registry);
    }
    for (;;) {
      const logged = await registry.purgesAfter(this.#place);
      const last = logged.at(-1);
      if (last === undefined) break;
      await this.#options.purge(logged.map(({ purge }) => purge));
      this.#place = last.place;
      await this.#say(registry);
    }
    const { clock } = this.#options;
    if (clock.monotonicMs() - this.#saidMs >= SAY_AGAIN_MS) await this.#say(registry);
  }

  async #say(registry: Registry): Promise<void> {
    const { id, clock } = this.#options;
    await registry.purgedUpTo(id(), this.#place ?? null);
    this.#saidMs = clock.monotonicMs();
  }

  async #stopIn(registry: Registry | undefined): Promise<void> {
    await registry?.purgedUpTo(this.#options.id(), null);
  }

  async #ignoringStore(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      // The guard says when the store is away; the log is still there when it is back.
      if (!(error instanceof StoreError)) throw error;
    }
  }
}
