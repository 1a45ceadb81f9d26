/** Whether the store is there for everybody: the primary itself and each of its workers has a connection of its own. */

/** Who says it: a worker by its id, or the primary. */
type Observer = number | 'primary';

export interface StoreWatchOptions {
  /** The first of them lost the store, and why; or the last of them has it back. */
  readonly onChange: (reason: string | null) => void;
}

export class StoreWatch {
  readonly #options: StoreWatchOptions;
  /** Who is without it, and why. */
  readonly #without = new Map<Observer, string>();

  constructor(options: StoreWatchOptions) {
    this.#options = options;
  }

  /** Why somebody is without the store; null when nobody is. */
  get reason(): string | null {
    const [reason = null] = this.#without.values();
    return reason;
  }

  /** @param reason null: it has the store */
  report(observer: Observer, reason: string | null): void {
    this.#change(() => {
      if (reason === null) this.#without.delete(observer);
      else this.#without.set(observer, reason);
    });
  }

  /** A worker is gone: what it had or not does not matter any more. */
  forget(observer: Observer): void {
    this.report(observer, null);
  }

  #change(change: () => void): void {
    const before = this.reason;
    change();
    const { reason } = this;
    if ((before === null) !== (reason === null)) this.#options.onChange(reason);
  }
}
