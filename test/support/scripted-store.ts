/** A store that does what a test tells it to, for what is built on stores. */
import type { Probeable } from '@lb/shared/store/guard';
import type { Store, Taken } from '@lb/shared/store/store';

/** Settles one call. */
export interface Call {
  resolve(): void;
  reject(error: Error): void;
}

export class ScriptedStore implements Store, Probeable {
  /** Operations that were called, and their promises. */
  readonly operations: Call[] = [];
  readonly probes: Call[] = [];
  reconnects = 0;
  isClosed = false;

  take(): Promise<Taken> {
    return this.#call(this.operations, { granted: 1, levels: [] });
  }

  bind(): Promise<string> {
    return this.#call(this.operations, 'a');
  }

  find(): Promise<string | undefined> {
    return this.#call(this.operations, 'a');
  }

  remember(): Promise<void> {
    return this.#call(this.operations, undefined);
  }

  probe(): Promise<void> {
    return this.#call(this.probes, undefined);
  }

  reconnect(): void {
    this.reconnects++;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  #call<T>(calls: Call[], value: T): Promise<T> {
    return new Promise((resolve, reject) => {
      calls.push({ resolve: () => resolve(value), reject });
    });
  }
}
