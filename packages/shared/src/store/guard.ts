/**
 * Keeps a store that is slow, gone or unwilling from costing requests anything: whatever is asked through a guard settles within
 * the timeout, and while the store is down it fails at once, without a call.
 *
 * Before that it begins: what is asked while the first connection is made waits for it, no longer than for an answer.
 *
 *              the first failure, of an operation or a probe
 *        up ──────────────────────────────────────────────▶ down
 *         ▲   probe each second                               │   probe each 100 ms; a new connection each 2 s
 *         └───────────────────────────────────────────────────┘
 *                           a probe succeeds
 */
import type { Clock, Random } from '../time/clock.ts';
import { StoreError } from './store.ts';

/** What a guard needs of the store besides its operations. */
export interface Probeable {
  /**
   * Writes something, as the operations do: a replica that can be read only is down.
   * @throws StoreError
   */
  probe(): Promise<void>;
  /** Throws the connection away and opens another: this one may hang. */
  reconnect(): void;
  close(): Promise<void>;
}

/** What a guard tells its owner. */
export interface GuardHooks<Operation extends string> {
  /** The store is up, or down and why; once for each change, the first time within about a second of the start. */
  onChange(isUp: boolean, error: StoreError | undefined): void;
  /** An operation was done. Each ends with this or with onError. */
  onDone(operation: Operation, ms: number): void;
  /** An operation failed, be it that the store was not asked. */
  onError(operation: Operation, error: StoreError): void;
}

export interface GuardOptions<Operation extends string> {
  /** An operation, or a probe, that takes longer has failed. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly hooks: GuardHooks<Operation>;
}

const PROBE_UP_MS = 1_000;
const PROBE_DOWN_MS = 100;

/** Between probes before the first has succeeded. */
const PROBE_START_MS = 20;

/** A connection is given this long to be made before it is said that there is none. */
const START_MS = 1_000;

/** After so long without a probe that succeeded, the connection is opened anew. */
const PATIENCE_MS = 2_000;

interface Pending<Operation extends string> {
  readonly operation: Operation;
  readonly startedMs: number;
  readonly reject: (error: StoreError) => void;
}

export class Guard<Operation extends string> {
  readonly #store: Probeable;
  readonly #options: GuardOptions<Operation>;
  /** In the order in which they were started, which is that of their deadlines. */
  readonly #pending = new Set<Pending<Operation>>();
  readonly #timedOut: StoreError;
  #deadline: NodeJS.Timeout | undefined;
  #nextProbe: NodeJS.Timeout | undefined;
  #isProbing = false;
  #isClosed = false;
  readonly #known = Promise.withResolvers<void>();
  /** Until the first probe succeeds, or the timeout has passed. */
  #begun: Promise<void> | undefined;
  #endBeginning: () => void = () => undefined;
  #error: StoreError | undefined = new StoreError('unreachable', 'no connection yet');
  /** What onChange said last. */
  #saidUp: boolean | undefined;
  readonly #startedMs: number;
  /** When the store went down, or got its last connection since. */
  #patientSinceMs: number;

  /** Begins to probe. Its owner closes it, and the store with it. */
  constructor(store: Probeable, options: GuardOptions<Operation>) {
    this.#store = store;
    this.#options = options;
    const { timeoutMs, clock } = options;
    this.#timedOut = new StoreError('timeout', `no answer within ${timeoutMs} ms (store.timeout)`);
    this.#startedMs = clock.monotonicMs();
    this.#patientSinceMs = this.#startedMs;
    this.#begin(timeoutMs);
    this.#probeSoon(0);
  }

  /** False: whatever is asked fails at once. */
  get isUp(): boolean {
    return this.#error === undefined || this.#begun !== undefined;
  }

  /** Resolves when it is known whether the store is there, which the first probes say within about a second. */
  get known(): Promise<void> {
    return this.#known.promise;
  }

  /** Why the store is down, as the last probe or operation had it. */
  get error(): StoreError | undefined {
    return this.#error;
  }

  /**
   * Runs an operation of the store; what it answers too late is nobody's.
   * @throws StoreError
   */
  run<T>(operation: Operation, start: () => Promise<T>): Promise<T> {
    const { clock, hooks, timeoutMs } = this.#options;
    if (this.#begun !== undefined) return this.#begun.then(() => this.run(operation, start));
    if (this.#error !== undefined) {
      hooks.onError(operation, this.#error);
      return Promise.reject(this.#error);
    }
    return new Promise((resolve, reject) => {
      const startedMs = clock.monotonicMs();
      const pending: Pending<Operation> = { operation, startedMs, reject };
      this.#pending.add(pending);
      this.#deadline ??= setTimeout(() => this.#onDeadline(), timeoutMs);
      start().then(
        (value) => {
          if (!this.#pending.delete(pending)) return;
          hooks.onDone(operation, clock.monotonicMs() - startedMs);
          resolve(value);
        },
        (error: unknown) => {
          if (!this.#pending.delete(pending)) return;
          const failure = asStoreError(error);
          hooks.onError(operation, failure);
          reject(failure);
          if (failure.failure !== 'damaged') this.#goDown(failure);
        },
      );
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#nextProbe);
    this.#error = new StoreError('unreachable', 'the store is closed');
    this.#failPending(this.#error);
    this.#endBeginning();
    this.#known.resolve();
    await this.#store.close();
  }

  /**
   * One timer for all operations: armed by the first, then for whichever is the oldest when it fires. A timer for each would
   * cost as much as sending the command.
   */
  #onDeadline(): void {
    const leftMs = this.#oldestLeftMs();
    this.#deadline = undefined;
    if (leftMs === undefined) return;
    if (leftMs > 0) {
      this.#deadline = setTimeout(() => this.#onDeadline(), leftMs);
      return;
    }
    // Where the process itself was held up, the answers are here already and only have to be read, which comes before this.
    setImmediate(() => {
      const late = this.#oldestLeftMs();
      if (late !== undefined && late <= 0) this.#goDown(this.#timedOut);
      else if (late !== undefined) this.#deadline ??= setTimeout(() => this.#onDeadline(), late);
    });
  }

  #oldestLeftMs(): number | undefined {
    const [oldest] = this.#pending;
    if (oldest === undefined) return undefined;
    return oldest.startedMs + this.#options.timeoutMs - this.#options.clock.monotonicMs();
  }

  #failPending(error: StoreError): void {
    for (const { operation, reject } of this.#pending) {
      this.#options.hooks.onError(operation, error);
      reject(error);
    }
    this.#pending.clear();
  }

  #probeSoon(inMs: number): void {
    clearTimeout(this.#nextProbe);
    if (this.#isProbing || this.#isClosed) return;
    const spread = 0.8 + 0.4 * this.#options.random();
    this.#nextProbe = setTimeout(() => void this.#probe(), inMs * spread);
  }

  async #probe(): Promise<void> {
    this.#isProbing = true;
    const error = await this.#probeInTime();
    this.#isProbing = false;
    if (this.#isClosed) return;
    if (error === undefined) this.#goUp();
    else this.#goDown(error);
  }

  /** Never rejects. */
  #probeInTime(): Promise<StoreError | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => setImmediate(() => resolve(this.#timedOut)),
        this.#options.timeoutMs,
      );
      const settle = (error: StoreError | undefined): void => {
        clearTimeout(timer);
        resolve(error);
      };
      this.#store.probe().then(
        () => settle(undefined),
        (error: unknown) => settle(asStoreError(error)),
      );
    });
  }

  #begin(timeoutMs: number): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#endBeginning(), timeoutMs);
    this.#begun = promise;
    this.#endBeginning = () => {
      clearTimeout(timer);
      this.#begun = undefined;
      resolve();
    };
  }

  #goUp(): void {
    this.#error = undefined;
    this.#endBeginning();
    this.#say(true);
    this.#probeSoon(PROBE_UP_MS);
  }

  #goDown(error: StoreError): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#error === undefined) this.#patientSinceMs = nowMs;
    this.#error = error;
    this.#failPending(error);
    if (nowMs - this.#patientSinceMs >= PATIENCE_MS) {
      this.#patientSinceMs = nowMs;
      this.#store.reconnect();
    }
    const isStarting = this.#saidUp === undefined && nowMs - this.#startedMs < START_MS;
    if (!isStarting) this.#say(false);
    this.#probeSoon(isStarting ? PROBE_START_MS : PROBE_DOWN_MS);
  }

  #say(isUp: boolean): void {
    if (this.#saidUp === isUp) return;
    this.#saidUp = isUp;
    this.#known.resolve();
    this.#options.hooks.onChange(isUp, this.#error);
  }
}

/** What a store rejects with that is no StoreError is a bug: it must not cost the request anything either, and shows its cause. */
function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError('refused', `internal error: ${String(error)}`, { cause: error });
}
