/**
 * Decides when a worker has more to do than it can, by how late its event loop is, and which requests it does then:
 *
 *     late for a second ───────────────▶ shedding: critical requests begin at once, the others through the turnstile
 *     nobody waits long for a while ───▶ over
 *
 * A share of refusals that follows the delay was tried. Refusing costs nearly half of serving, and those who are refused come
 * back later than the delay shows, so the share swings: at three times what a worker can do, half of its time was lost.
 * Whoever waits keeps the worker busy, and is refused only when there is no hope (docs/decisions/0013-overload.md).
 */
import type { Priority } from '@lb/shared/config/schema/route';
import type { Clock } from '@lb/shared/time/clock';
import { type Turns, Turnstile } from './turnstile.ts';

/** How often sample() is to be called. */
export const SHEDDER_SAMPLE_MS = 25;

/** How long the event loop has to be late before anybody waits: a busy moment is no overload. */
const PATIENCE_MS = 1_000;

/** An overload is over when for so long nobody waited more than half of the target. */
const CALM_MS = 5_000;

/** A request waits so many times the target before it is refused. */
const PATIENCE_TARGETS = 5;

export interface ShedderOptions {
  readonly clock: Clock;
  readonly turns: Turns;
  /** Called when an overload begins and when it is over. */
  readonly onChange: (isShedding: boolean, delayMs: number) => void;
}

export class Shedder {
  /** Requests have to ask; false nearly always. */
  isShedding = false;
  readonly #clock: Clock;
  readonly #turnstile: Turnstile;
  readonly #onChange: ShedderOptions['onChange'];
  /** 0 = never. */
  #targetMs = 0;
  #sampledMs: number;
  /** Since when every turn was late. */
  #lateSinceMs: number | undefined;
  #strainedMs = 0;

  constructor({ clock, turns, onChange }: ShedderOptions) {
    this.#clock = clock;
    this.#turnstile = new Turnstile(clock, turns);
    this.#onChange = onChange;
    this.#sampledMs = clock.monotonicMs();
  }

  configure(targetMs: number): void {
    this.#targetMs = targetMs;
    // Switched off, those who still wait all begin.
    this.#turnstile.configure(
      targetMs === 0 ? Number.POSITIVE_INFINITY : targetMs * PATIENCE_TARGETS,
    );
    if (targetMs === 0 && this.isShedding) this.#change(false, 0);
  }

  /** Whether the request may begin, now or when its turn has come; false to refuse it. Asked while `isShedding`. */
  ask(priority: Priority): boolean | Promise<boolean> {
    return priority === 'critical' ? true : this.#turnstile.pass(priority);
  }

  /** Looks how late it is called. */
  sample(): void {
    const now = this.#clock.monotonicMs();
    const lateMs = now - this.#sampledMs - SHEDDER_SAMPLE_MS;
    this.#sampledMs = now;
    if (this.#targetMs === 0) return;
    // Who waits at the turnstile would have made the event loop as late.
    const delayMs = Math.max(0, lateMs, this.#turnstile.takeLongestWaitMs());
    if (this.isShedding) this.#lookForCalm(now, delayMs);
    else this.#lookForOverload(now, delayMs);
  }

  /** From the end of a turn on: one long turn, of a process that was stopped, is no overload. */
  #lookForOverload(now: number, delayMs: number): void {
    if (delayMs <= this.#targetMs) {
      this.#lateSinceMs = undefined;
      return;
    }
    this.#lateSinceMs ??= now;
    if (now - this.#lateSinceMs < PATIENCE_MS) return;
    this.#strainedMs = now;
    this.#change(true, Math.round(delayMs));
  }

  #lookForCalm(now: number, delayMs: number): void {
    if (delayMs > this.#targetMs / 2) this.#strainedMs = now;
    else if (now - this.#strainedMs >= CALM_MS) this.#change(false, Math.round(delayMs));
  }

  #change(isShedding: boolean, delayMs: number): void {
    this.isShedding = isShedding;
    this.#lateSinceMs = undefined;
    this.#onChange(isShedding, delayMs);
  }
}
