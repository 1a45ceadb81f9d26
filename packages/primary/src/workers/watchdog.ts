/**
 * Finds workers whose event loop does not turn any more (stopped, or caught in a loop) and has them replaced: they hold
 * connections that nobody answers, and the kernel's queue hides that from clients.
 */
import type { ToWorker } from '@lb/shared/ipc/messages';
import type { Logger } from '@lb/shared/logging/logger';
import type { Clock } from '@lb/shared/time/clock';
import type { Worker } from './worker.ts';

/** Far above the longest turn of a busy worker, and what a person still waits for a page. */
export const SILENCE_MS = 10_000;

/** Each worker is asked this often. */
export const PING_INTERVAL_MS = 1_000;

/** A timer that is this late says that the primary itself stood still: then it knows nothing of anybody's silence. */
const LATE_MS = 1_000;

export interface WatchdogOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly workers: () => readonly Worker[];
  /** False when the worker is not ready: its start has a deadline of its own. */
  readonly send: (workerId: number, message: ToWorker) => boolean;
  /** Kills a worker; it is replaced like one that died by itself. */
  readonly condemn: (workerId: number, reason: string) => void;
}

/** Asks nothing before start(). */
export class Watchdog {
  readonly #options: WatchdogOptions;
  /** When each worker that has not answered yet was asked: one question at a time, so that nothing piles up for it. */
  readonly #askedMs = new Map<number, number>();
  #lookedMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** Begins to ask; a second call changes nothing. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#lookedMs = this.#options.clock.monotonicMs();
    this.#timer = setInterval(() => this.#look(), PING_INTERVAL_MS).unref();
  }

  /** The worker answered. */
  heard(workerId: number): void {
    this.#askedMs.delete(workerId);
  }

  /** The worker is gone. */
  forget(workerId: number): void {
    this.#askedMs.delete(workerId);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { clock, log, workers, send, condemn } = this.#options;
    const now = clock.monotonicMs();
    if (now - this.#lookedMs > PING_INTERVAL_MS + LATE_MS) {
      for (const id of this.#askedMs.keys()) this.#askedMs.set(id, now);
    }
    this.#lookedMs = now;
    for (const { id, slot, pid } of workers()) {
      const asked = this.#askedMs.get(id);
      if (asked === undefined) {
        if (send(id, { lb: 1, type: 'ping' })) this.#askedMs.set(id, now);
      } else if (now - asked >= SILENCE_MS) {
        const silentMs = Math.round(now - asked);
        log.error({ worker: slot, pid, silentMs }, 'worker does not respond and is killed');
        condemn(id, `did not respond for ${SILENCE_MS / 1_000} s`);
      }
    }
  }
}
