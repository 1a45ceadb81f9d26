/**
 * Lets so many requests begin in each turn of the event loop. The others wait, by rank, then first come, first served:
 *
 *     pass ──▶ room in this turn? ──yes──▶ begins
 *                └─no──▶ ■ ■ ■ ■ normal ─────┬─▶ begins in a later turn
 *                        ■ ■ ■ ■ sheddable ──┘   └─ waited too long: refused
 *
 * So a turn stays short whatever comes, and as long as somebody waits the worker is never idle.
 */
import type { Clock } from '@lb/shared/time/clock';

/** What a turn is. */
export interface Turns {
  /** Calls back when the present one is over. */
  readonly next: (callback: () => void) => void;
  /** So many requests begin in one. */
  readonly begin: number;
}

/** About a millisecond of work. Fewer cost more turns, each about as much as a request; more make whoever passes freely wait. */
export const EVENT_LOOP_TURNS: Turns = { next: setImmediate, begin: 32 };

/** Of each rank. */
export const REFUSE_PER_TURN = 32;

export type Rank = 'normal' | 'sheddable';

interface Waiter {
  readonly sinceMs: number;
  readonly settle: (mayBegin: boolean) => void;
}

export class Turnstile {
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #normal = new Line();
  readonly #sheddable = new Line();
  #longestMs = 0;
  /** How many began in this turn. */
  #begun = 0;
  #isTurnAsked = false;
  #waitedMs = 0;

  constructor(clock: Clock, turns: Turns) {
    this.#clock = clock;
    this.#turns = turns;
  }

  /** @param longestMs whoever waited so long is refused */
  configure(longestMs: number): void {
    this.#longestMs = longestMs;
  }

  /** True when the request may begin now; else whether it may, when its turn has come. */
  pass(rank: Rank): boolean | Promise<boolean> {
    this.#askForTurn();
    const isFirst = this.#normal.isEmpty && (rank === 'normal' || this.#sheddable.isEmpty);
    if (isFirst && this.#begun < this.#turns.begin) {
      this.#begun++;
      return true;
    }
    const line = rank === 'normal' ? this.#normal : this.#sheddable;
    return new Promise((settle) => line.push({ sinceMs: this.#clock.monotonicMs(), settle }));
  }

  /** The longest that anybody waited since the last call, those included who still do. */
  takeLongestWaitMs(): number {
    const now = this.#clock.monotonicMs();
    const sinceMs = Math.min(this.#normal.oldestMs, this.#sheddable.oldestMs);
    const longest = Math.max(this.#waitedMs, now - sinceMs);
    this.#waitedMs = 0;
    return longest;
  }

  #askForTurn(): void {
    if (this.#isTurnAsked) return;
    this.#isTurnAsked = true;
    this.#turns.next(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnAsked = false;
    this.#begun = 0;
    const now = this.#clock.monotonicMs();
    this.#refuse(this.#normal, now);
    this.#refuse(this.#sheddable, now);
    while (this.#begun < this.#turns.begin) {
      const next = this.#normal.shift() ?? this.#sheddable.shift();
      if (next === undefined) break;
      this.#begun++;
      this.#end(next, now, true);
    }
    if (this.#begun > 0 || !this.#normal.isEmpty || !this.#sheddable.isEmpty) this.#askForTurn();
  }

  /** Not all in one turn either: that costs half as much as serving them. */
  #refuse(line: Line, now: number): void {
    for (let refused = 0; refused < REFUSE_PER_TURN; refused++) {
      if (now - line.oldestMs < this.#longestMs) return;
      const late = line.shift();
      if (late === undefined) return;
      this.#end(late, now, false);
    }
  }

  #end({ sinceMs, settle }: Waiter, now: number, mayBegin: boolean): void {
    this.#waitedMs = Math.max(this.#waitedMs, now - sinceMs);
    settle(mayBegin);
  }
}

/** First in, first out; what left is cut off now and then, not each time. */
class Line {
  #waiters: Waiter[] = [];
  #first = 0;

  get isEmpty(): boolean {
    return this.#first === this.#waiters.length;
  }

  /** Since when the first has been waiting; infinity when nobody does. */
  get oldestMs(): number {
    return this.#waiters[this.#first]?.sinceMs ?? Number.POSITIVE_INFINITY;
  }

  push(waiter: Waiter): void {
    this.#waiters.push(waiter);
  }

  shift(): Waiter | undefined {
    const waiter = this.#waiters[this.#first];
    if (waiter === undefined) return undefined;
    this.#first++;
    if (this.#first * 2 > this.#waiters.length) {
      this.#waiters = this.#waiters.slice(this.#first);
      this.#first = 0;
    }
    return waiter;
  }
}
