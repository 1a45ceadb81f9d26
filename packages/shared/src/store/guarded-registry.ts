/** A registry in which nothing waits longer than the timeout. @see Guard */
import { Guard, type GuardOptions, type Probeable } from './guard.ts';
import type { Invalidation, Purge } from '../model/purge.ts';
import type { Beat, LoggedPurge, PurgeStep, Registry } from './registry.ts';
import type { StoreError } from './store.ts';

export type RegistryOperation = keyof Registry;

export class GuardedRegistry implements Registry {
  readonly #registry: Registry;
  readonly #guard: Guard<RegistryOperation>;

  /**
   * Begins to probe.
   * @param connection of the registry; `close()` ends it too
   */
  constructor(registry: Registry, connection: Probeable, options: GuardOptions<RegistryOperation>) {
    this.#registry = registry;
    this.#guard = new Guard(connection, options);
  }

  get isUp(): boolean {
    return this.#guard.isUp;
  }

  /** Why it is down. */
  get error(): StoreError | undefined {
    return this.#guard.error;
  }

  secret(proposal: string): Promise<string> {
    return this.#guard.run('secret', () => this.#registry.secret(proposal));
  }

  beat(id: string, facts: string, ttlMs: number): Promise<Beat> {
    return this.#guard.run('beat', () => this.#registry.beat(id, facts, ttlMs));
  }

  leave(id: string): Promise<void> {
    return this.#guard.run('leave', () => this.#registry.leave(id));
  }

  setOverride(field: string, value: string | null): Promise<void> {
    return this.#guard.run('setOverride', () => this.#registry.setOverride(field, value));
  }

  clearOverrides(): Promise<number> {
    return this.#guard.run('clearOverrides', () => this.#registry.clearOverrides());
  }

  purgeStep(purge: Purge, addresses: readonly string[], cursor: string): Promise<PurgeStep> {
    return this.#guard.run('purgeStep', () => this.#registry.purgeStep(purge, addresses, cursor));
  }

  logPurge(purge: Purge | Invalidation): Promise<string> {
    return this.#guard.run('logPurge', () => this.#registry.logPurge(purge));
  }

  endOfPurges(): Promise<string> {
    return this.#guard.run('endOfPurges', () => this.#registry.endOfPurges());
  }

  purgesAfter(place: string): Promise<readonly LoggedPurge[]> {
    return this.#guard.run('purgesAfter', () => this.#registry.purgesAfter(place));
  }

  purgedUpTo(id: string, place: string | null): Promise<void> {
    return this.#guard.run('purgedUpTo', () => this.#registry.purgedUpTo(id, place));
  }

  purgePlaces(): Promise<ReadonlyMap<string, string>> {
    return this.#guard.run('purgePlaces', () => this.#registry.purgePlaces());
  }

  /** What still waits fails; no timer and no connection is left. */
  close(): Promise<void> {
    return this.#guard.close();
  }
}
