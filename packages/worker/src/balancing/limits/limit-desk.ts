/**
 * Where the limits of this worker's backends and the primary talk: permits wanted, granted, recalled and returned, trials of
 * half-open breakers, and what came of tries. What cannot wait is said at once, the rest at the next tick.
 */
import type { PermitChange, PermitReport, ToPrimary } from '@lb/shared/ipc/messages';
import type { Backend } from '../backend.ts';
import type { Pool } from '../pool.ts';
import type { TryListener } from './backend-limits.ts';
import type { Permits } from './permits.ts';

/** Failures of this long are told together; the breaker opens so much later. */
const FAILURE_DELAY_MS = 5;

/** What the primary holds for wanted after it gave some: it is told anew. */
const UNSURE = -1;

interface Limited {
  readonly backend: Backend;
  readonly pool: Pool;
}

export class LimitDesk implements TryListener {
  readonly #permitsOf: (slot: number) => Permits;
  #send: (message: ToPrimary) => void = () => undefined;
  #bySlot: ReadonlyMap<number, Limited> = new Map();
  /** What the primary knows of, by slot. */
  readonly #saidWanted = new Map<number, number>();
  #failureTimer: NodeJS.Timeout | undefined;

  /** @param permitsOf what this worker holds for a slot, whether or not a backend of its has that slot now */
  constructor(permitsOf: (slot: number) => Permits) {
    this.#permitsOf = permitsOf;
  }

  /** From now on there is a primary to talk to. */
  connect(send: (message: ToPrimary) => void): void {
    this.#send = send;
  }

  /** Takes over the pools of a snapshot. Whoever has no permits asks for its share before anybody waits for one. */
  follow(pools: Iterable<Pool>): void {
    this.#bySlot = new Map(
      [...pools].flatMap((pool) =>
        pool.backends
          .filter(({ limits }) => limits !== undefined)
          .map((backend) => [backend.slot, { backend, pool }]),
      ),
    );
    for (const limited of this.#bySlot.values()) this.#giveBack(limited);
    const without = [...this.#bySlot.values()].filter(
      ({ backend: { limits } }) => limits?.permits?.held === 0,
    );
    this.#report(without.map(({ backend: { slot } }) => ({ slot, returned: 0, wanted: 1 })));
  }

  /** The primary gives and takes. */
  take(changes: readonly PermitChange[]): void {
    for (const change of changes) {
      const { slot, granted, trials } = change;
      // It may come before the snapshot in which the slot is limited: what is held must be known all the same.
      this.#permitsOf(slot).take(change);
      this.#saidWanted.set(slot, UNSURE);
      const limited = this.#bySlot.get(slot);
      if (limited === undefined) continue;
      limited.backend.limits?.gate?.allow(trials);
      if (granted > 0 || trials > 0) limited.pool.queue.roomCame();
      // After those who wait have used what came: permits that go round would only ever be passed on.
      queueMicrotask(() => this.#giveBack(limited));
    }
  }

  /** A try on a limited backend is over. */
  tryEnded(slot: number): void {
    const limited = this.#bySlot.get(slot);
    if (limited === undefined) return;
    this.#giveBack(limited);
    limited.pool.queue.roomCame();
  }

  /** A try failed: the primary should know soon. */
  tryFailed(): void {
    this.#failureTimer ??= setTimeout(() => this.#sendTries(), FAILURE_DELAY_MS);
  }

  /** A request began to wait. Where the primary knows already that somebody does, the next tick is soon enough. */
  waits(pool: Pool): void {
    const reports = this.#reportsOf(pool, true).filter(
      ({ slot }) => (this.#saidWanted.get(slot) ?? 0) <= 0,
    );
    this.#report(reports);
  }

  /** Called every few dozen milliseconds. */
  tick(): void {
    if (this.#bySlot.size === 0) return;
    this.#sendTries();
    const busy = new Set<Pool>();
    for (const { backend, pool } of this.#bySlot.values())
      if ((backend.limits?.takeBegun() ?? 0) > 0 || pool.queue.length > 0) busy.add(pool);
    const pools = new Set([...this.#bySlot.values()].map(({ pool }) => pool));
    this.#report([...pools].flatMap((pool) => this.#reportsOf(pool, busy.has(pool))));
  }

  close(): void {
    clearTimeout(this.#failureTimer);
  }

  #giveBack({ backend, pool }: Limited): void {
    const { limits, inFlight, slot } = backend;
    const returned = limits?.permits?.giveBack(inFlight, pool.queue.length > 0) ?? 0;
    if (returned === 0) return;
    const wanted = wantedOf(backend, pool, pool.queue.length > 0);
    this.#saidWanted.set(slot, wanted);
    this.#send({ lb: 1, type: 'permits', reports: [{ slot, returned, wanted }] });
  }

  /** What each backend of the pool could use. @param isBusy requests came lately */
  #reportsOf(pool: Pool, isBusy: boolean): PermitReport[] {
    return pool.backends
      .filter(({ slot }) => this.#bySlot.has(slot))
      .map((backend) => ({
        slot: backend.slot,
        returned: 0,
        wanted: wantedOf(backend, pool, isBusy),
      }));
  }

  /** Says what is news. */
  #report(reports: readonly PermitReport[]): void {
    const news = reports.filter(({ slot, wanted }) => wanted !== (this.#saidWanted.get(slot) ?? 0));
    if (news.length === 0) return;
    for (const { slot, wanted } of news) this.#saidWanted.set(slot, wanted);
    this.#send({ lb: 1, type: 'permits', reports: news });
  }

  #sendTries(): void {
    clearTimeout(this.#failureTimer);
    this.#failureTimer = undefined;
    const counted = [...this.#bySlot].flatMap(([slot, { backend }]) => {
      const counts = backend.limits?.gate?.takeCounts();
      return counts === undefined ? [] : [{ slot, ...counts }];
    });
    if (counted.length === 0) return;
    this.#send({
      lb: 1,
      type: 'tries',
      slots: Uint32Array.from(counted, ({ slot }) => slot),
      ended: Uint32Array.from(counted, ({ ended }) => ended),
      failed: Uint32Array.from(counted, ({ failed }) => failed),
    });
  }
}

/**
 * Those who wait for any backend are shared out. A backend that is full in a busy pool could use one more even when nobody
 * waits: its traffic goes to others, and would for ever.
 */
function wantedOf(backend: Backend, pool: Pool, isBusy: boolean): number {
  const { limits, inFlight } = backend;
  if (limits === undefined || !backend.isServing || backend.breaker === 'open') return 0;
  const share = Math.ceil(pool.queue.countFor(backend) / Math.max(1, pool.candidateCount));
  const useful = Math.max(share, isBusy ? 1 : 0);
  const trials = limits.gate === undefined || limits.gate.admits ? 0 : useful;
  return Math.max(trials, limits.permits?.lacking(inFlight, useful) ?? 0);
}
