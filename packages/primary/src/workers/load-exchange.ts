/**
 * Tells every worker what the others have in flight, so that policies and limits see the whole instance:
 *
 *     worker 0 ──load──▶ latest[0] ─┐            every 50 ms, when anything changed
 *     worker 1 ──load──▶ latest[1] ─┼─ sum - own ───────────────────────────────▶ each worker
 */
import type { ToWorker } from '@lb/shared/ipc/messages';

/** What one worker has in flight, by slot, its client connections, by listener, and its retries, by pool. */
export interface WorkerLoad {
  readonly inFlight: Uint32Array;
  readonly connections: Readonly<Record<string, number>>;
  readonly retries: Readonly<Record<string, number>>;
}

/** Pause between two exchanges. */
export const EXCHANGE_INTERVAL_MS = 50;

export interface LoadExchangeOptions {
  /** Workers to tell, by id. */
  readonly recipients: () => Iterable<number>;
  /** Hands a message to a worker's channel; `sent` is called once it was written. False when there is no such worker. */
  readonly send: (workerId: number, message: ToWorker, sent: () => void) => boolean;
}

/** Keeps the latest load of each worker and spreads it. One timer, armed only while there is something to say. */
export class LoadExchange {
  readonly #options: LoadExchangeOptions;
  readonly #latest = new Map<number, WorkerLoad>();
  /** Workers that have not read the message before: a stopped worker must not fill the primary's memory. */
  readonly #unread = new Set<number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LoadExchangeOptions) {
    this.#options = options;
  }

  /** Takes a worker's load in place of what it said before. */
  report(workerId: number, load: WorkerLoad): void {
    this.#latest.set(workerId, load);
    this.#arm();
  }

  /** Forgets a worker that is gone, and with it all it had in flight. */
  remove(workerId: number): void {
    this.#unread.delete(workerId);
    if (this.#latest.delete(workerId)) this.#arm();
  }

  /** Tries in flight to a backend over all workers. */
  inFlight(slot: number): number {
    let total = 0;
    for (const load of this.#latest.values()) total += load.inFlight[slot] ?? 0;
    return total;
  }

  /** Tries in flight over all workers and backends. */
  totalInFlight(): number {
    let total = 0;
    for (const load of this.#latest.values()) for (const count of load.inFlight) total += count;
    return total;
  }

  /** Client connections of a listener over all workers. */
  connections(listener: string): number {
    let total = 0;
    for (const load of this.#latest.values()) total += load.connections[listener] ?? 0;
    return total;
  }

  /** Client connections of one worker over all listeners. */
  connectionsOf(workerId: number): number {
    const counts = Object.values(this.#latest.get(workerId)?.connections ?? {});
    return counts.reduce((total, count) => total + count, 0);
  }

  /** Stops the timer. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => this.#exchange(), EXCHANGE_INTERVAL_MS).unref();
  }

  #exchange(): void {
    this.#timer = undefined;
    for (const id of this.#options.recipients()) {
      if (this.#unread.has(id)) {
        this.#arm();
        continue;
      }
      const message = { lb: 1, type: 'load', ...this.#othersThan(id) } as const;
      this.#unread.add(id);
      if (!this.#options.send(id, message, () => this.#unread.delete(id))) this.#unread.delete(id);
    }
  }

  #othersThan(id: number): WorkerLoad {
    const others = [...this.#latest].filter(([other]) => other !== id).map(([, load]) => load);
    const inFlight = new Uint32Array(Math.max(0, ...others.map((load) => load.inFlight.length)));
    for (const load of others) {
      for (const [slot, count] of load.inFlight.entries()) {
        inFlight[slot] = (inFlight[slot] ?? 0) + count;
      }
    }
    return {
      inFlight,
      connections: sumOf(others.map((load) => load.connections)),
      retries: sumOf(others.map((load) => load.retries)),
    };
  }
}

function sumOf(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const one of counts) {
    for (const [name, count] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum;
}
