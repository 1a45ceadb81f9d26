/**
 * Writes that wait for the end of the event loop's turn and then go out one behind the other: the code of the kernel and ours
 * do not push each other out of the caches for every request, and who reads is woken once for many of them instead of once
 * for each.
 */

/** Something to be written. */
export interface PendingWrite {
  /** Called once; whether it is still wanted is for it to know. */
  commit(): void;
}

export class WriteBatch {
  #waiting: PendingWrite[] = [];

  add(write: PendingWrite): void {
    // Runs when everything that was readable in this turn has been read.
    if (this.#waiting.length === 0) setImmediate(this.#commit);
    this.#waiting.push(write);
  }

  readonly #commit = (): void => {
    const writes = this.#waiting;
    this.#waiting = [];
    for (const write of writes) write.commit();
  };
}
