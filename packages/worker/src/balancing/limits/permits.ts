/**
 * This worker's permits for one backend: what it may have in flight there, so that all workers together never have more
 * than maxConnections. The primary gives them; they stay here while nobody else wants them.
 *
 *     full, and more to do ──wanted──▶ primary ──granted──▶ held
 *     others want them     ◀─recalled─ primary ◀──returned── idle ones, and those in use beyond the share
 */
import type { PermitChange } from '@lb/shared/ipc/messages';

export class Permits {
  #held = 0;
  /** Recalled and not given back yet. */
  #owed = 0;
  #limit = 0;
  #share = 0;

  /** Tries that may be in flight here at once. */
  get held(): number {
    return Math.min(this.#held, this.#limit);
  }

  /** @param limit above 0, over all workers */
  configure(limit: number, workerCount: number): void {
    this.#limit = limit;
    this.#share = Math.floor(limit / Math.max(1, workerCount));
  }

  take({ granted, recalled }: PermitChange): void {
    this.#held += granted;
    this.#owed += recalled;
  }

  /**
   * Gives back what is owed, as far as nothing in flight needs it. @param isWaiting requests wait for it here: then
   * what goes is what is beyond the share
   * @returns how many the primary has to be told of
   */
  giveBack(inFlight: number, isWaiting: boolean): number {
    if (this.#owed === 0) return 0;
    const idle = this.#held - inFlight;
    const spare = isWaiting ? Math.min(idle, this.#held - this.#share) : idle;
    const given = Math.max(0, Math.min(this.#owed, spare));
    this.#held -= given;
    this.#owed -= given;
    return given;
  }

  /** How many more it could use, if so many requests would go there now. */
  lacking(inFlight: number, waiting: number): number {
    if (inFlight < this.#held) return 0;
    return Math.min(waiting, Math.max(0, this.#limit - this.#held));
  }
}
