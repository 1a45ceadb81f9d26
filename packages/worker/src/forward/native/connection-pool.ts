/**
 * The connections of one worker to one backend. Idle ones are used last in, first out, so that as few as the load needs stay
 * warm and the others reach their idle time.
 */
import type { PoolConfig } from '@lb/shared/config/schema/root';
import type { Clock } from '@lb/shared/time/clock';
import type { BackendTarget } from '../../balancing/backend.ts';
import type { BackendMetrics } from '../../metrics/request-metrics.ts';
import { BackendConnection } from './connection.ts';

/** How often idle connections are looked over. */
const SWEEP_MS = 500;

/** A backend that says when it closes is believed, less this much for what is on the way. */
const HINT_MARGIN_MS = 1_000;

/** Waits for a connection; called at most once, unless it was withdrawn. */
export type Waiter = (connection: BackendConnection) => void;

export class ConnectionPool {
  readonly #config: PoolConfig['connections'];
  readonly #target: BackendTarget;
  readonly #metrics: BackendMetrics;
  readonly #clock: Clock;
  readonly #idle: BackendConnection[] = [];
  readonly #waiters = new Set<Waiter>();
  #open = 0;
  #isRetired = false;
  #sweep: NodeJS.Timeout | undefined;

  constructor(
    config: PoolConfig['connections'],
    target: BackendTarget,
    metrics: BackendMetrics,
    clock: Clock,
  ) {
    this.#config = config;
    this.#target = target;
    this.#metrics = metrics;
    this.#clock = clock;
  }

  /** A connection to use now: an idle one or a new one; undefined when there are as many as there may be. */
  take(): BackendConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) break;
      if (connection.isUsable) return connection;
    }
    return this.#config.max > 0 && this.#open >= this.#config.max ? undefined : this.#connect();
  }

  /** Hands the waiter the next connection that becomes free. @returns a function that takes the wish back */
  wait(waiter: Waiter): () => void {
    this.#waiters.add(waiter);
    return () => this.#waiters.delete(waiter);
  }

  /** Takes a connection back that may carry another request. @param hintMs what the backend said of its idle time */
  giveBack(connection: BackendConnection, hintMs: number | undefined): void {
    const [next] = this.#waiters;
    const idleMs = this.#idleMs(hintMs);
    if (this.#isRetired) {
      connection.destroy();
    } else if (next !== undefined) {
      this.#waiters.delete(next);
      next(connection);
    } else if (idleMs <= 0 || this.#config.maxIdle === 0) {
      connection.destroy();
    } else {
      connection.idleUntilMs = connection.readMs + idleMs;
      this.#idle.push(connection);
      this.#sweep ??= setInterval(() => this.#closeSurplus(), SWEEP_MS).unref();
    }
  }

  /** Closes the half of the idle connections that is idle the longest. @returns how many */
  closeIdle(): number {
    const closing = this.#idle.slice(0, Math.ceil(this.#idle.length / 2));
    for (const connection of closing) connection.destroy();
    return closing.length;
  }

  /** Closes idle connections now and busy ones when their request is done. */
  retire(): void {
    this.#isRetired = true;
    clearInterval(this.#sweep);
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  /** 0 in lb.yaml means as long as the backend keeps it. */
  #idleMs(hintMs: number | undefined): number {
    const { idleTimeout } = this.#config;
    const ownMs = idleTimeout === 0 ? Number.POSITIVE_INFINITY : idleTimeout;
    return hintMs === undefined ? ownMs : Math.min(ownMs, hintMs - HINT_MARGIN_MS);
  }

  #connect(): BackendConnection {
    this.#open++;
    this.#metrics.moveConnections(1);
    return new BackendConnection(this.#target, this.#clock, (connection) =>
      this.#onGone(connection),
    );
  }

  #onGone(connection: BackendConnection): void {
    this.#open--;
    this.#metrics.moveConnections(-1);
    const place = this.#idle.indexOf(connection);
    if (place >= 0) this.#idle.splice(place, 1);
    const [next] = this.#waiters;
    if (next === undefined) return;
    this.#waiters.delete(next);
    next(this.#connect());
  }

  /**
   * Closes what has been idle for too long, and of the rest the oldest beyond maxIdle. Not at once when they come back: a
   * hundred answers in one turn of the event loop would close connections that the hundred next requests open again.
   */
  #closeSurplus(): void {
    const now = this.#clock.monotonicMs();
    const surplus = this.#idle.length - this.#config.maxIdle;
    const closing = this.#idle.filter(
      ({ idleUntilMs }, place) => place < surplus || idleUntilMs <= now,
    );
    for (const connection of closing) connection.destroy();
    if (this.#idle.length > closing.length) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}
