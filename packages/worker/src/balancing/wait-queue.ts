/**
 * Requests of a pool that wait until a backend has room: by rank, then first come, first served.
 *
 *     every backend is full ──enter──▶ ■ ■ ■ ■ ──room──▶ look again ──still full──▶ back to its place
 *                               │              └─ time is up, client gone
 *                               └─ no place left: the last one gives way, if its rank is behind
 */
import type { QueueRejection } from '@lb/shared/metrics/catalog';
import type { Backend } from './backend.ts';

/** A request that waits. */
export interface Waiter {
  /** The lower goes first. */
  readonly rank: number;
  /** There may be room: it looks again, now. It is out of the queue. */
  lookAgain(): void;
  /** The queue is full, and one came that goes first. It is out of the queue. */
  givesWay(): void;
  /** It waited as long as it may. It is out of the queue. */
  waitedTooLong(): void;
}

export interface WaitQueueOptions {
  readonly nowMs: () => number;
  /** Whether a request that goes to any backend would find one with room, or nobody to wait for. */
  readonly isWorthLooking: () => boolean;
  /** So many more wait, or fewer. */
  readonly onMove: (by: 1 | -1) => void;
  readonly onRejection: (reason: QueueRejection) => void;
}

/** Where one waits. It is kept while the waiter looks, so that it does not have to start at the end again. */
export class Place {
  readonly waiter: Waiter;
  readonly order: number;
  /** On the monotonic clock. */
  readonly untilMs: number;
  /** The only one that will do: it has the session. Undefined for any. */
  backend: Backend | undefined;
  timer: NodeJS.Timeout | undefined;

  constructor(waiter: Waiter, order: number, untilMs: number) {
    this.waiter = waiter;
    this.order = order;
    this.untilMs = untilMs;
  }

  goesBefore({ waiter, order }: Place): boolean {
    const { rank } = this.waiter;
    return rank === waiter.rank ? this.order < order : rank < waiter.rank;
  }
}

export class WaitQueue {
  readonly #options: WaitQueueOptions;
  /** By rank, then by order. */
  readonly #places: Place[] = [];
  #nextOrder = 0;
  #max = 0;
  #timeoutMs = 0;
  #isAsked = false;
  /** At the next look everybody looks, whatever they wait for. */
  #isAllAsked = false;

  constructor(options: WaitQueueOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#places.length;
  }

  /** Holds for those who come from now on. */
  configure(max: number, timeoutMs: number): void {
    this.#max = max;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Takes a request in; a full queue has room for one that goes before the last.
   * @param backend the only one that will do @param before its place until just now, which it has again
   * @returns undefined when the queue is full
   */
  enter(waiter: Waiter, backend?: Backend, before?: Place): Place | undefined {
    const { nowMs, onRejection, onMove } = this.#options;
    if (before === undefined && this.#places.length >= this.#max) {
      onRejection('queue_full');
      if (!this.#makeRoomFor(waiter)) return undefined;
    }
    const place = before ?? new Place(waiter, this.#nextOrder++, nowMs() + this.#timeoutMs);
    place.backend = backend;
    place.timer = setTimeout(() => this.#expire(place), Math.max(0, place.untilMs - nowMs()));
    const next = this.#places.findLastIndex((each) => !place.goesBefore(each)) + 1;
    this.#places.splice(next, 0, place);
    onMove(1);
    return place;
  }

  /** Gives a place up. False when it is out of the queue already. */
  leave(place: Place): boolean {
    const index = this.#places.indexOf(place);
    if (index < 0) return false;
    this.#places.splice(index, 1);
    clearTimeout(place.timer);
    this.#options.onMove(-1);
    return true;
  }

  /** How many wait for this backend, or could go to it. */
  countFor(backend: Backend): number {
    let count = 0;
    for (const place of this.#places)
      if (place.backend === undefined || place.backend === backend) count++;
    return count;
  }

  /** Some backend may have room: at the end of this turn, those look again whom it may help. */
  roomCame(): void {
    if (this.#places.length === 0 || this.#isAsked) return;
    this.#isAsked = true;
    // Not here: who ends a try is in the middle of it, and its connection is not free yet.
    queueMicrotask(() => this.#look());
  }

  /** The backends are others, or their states: everybody looks again. */
  backendsChanged(): void {
    if (this.#places.length === 0) return;
    this.#isAllAsked = true;
    this.roomCame();
  }

  /** @returns false when nobody waits that goes after it */
  #makeRoomFor({ rank }: Waiter): boolean {
    const last = this.#places.at(-1);
    if (last === undefined || last.waiter.rank <= rank) return false;
    this.leave(last);
    last.waiter.givesWay();
    return true;
  }

  #expire(place: Place): void {
    if (!this.leave(place)) return;
    this.#options.onRejection('queue_timeout');
    place.waiter.waitedTooLong();
  }

  /** Each looks once at most: who finds no room is back in its place, and must not look for ever. */
  #look(): void {
    this.#isAsked = false;
    const isAllAsked = this.#isAllAsked;
    this.#isAllAsked = false;
    let isWorthLooking = true;
    for (const place of this.#places.slice()) {
      if (!isAllAsked) {
        const { backend } = place;
        if (backend === undefined) isWorthLooking &&= this.#options.isWorthLooking();
        if (!(backend?.hasRoom ?? isWorthLooking)) continue;
      }
      if (this.leave(place)) place.waiter.lookAgain();
    }
  }
}
