/**
 * Decides how many requests a worker refuses, by how late its event loop is:
 *
 *     late above the target ──▶ level rises ──▶ sheddable: 0 .. all, then normal: 0 .. nearly all; critical: none
 *     late below it ─────────▶ level falls, slowly
 *
 * The level is a share, not a switch: a worker that sheds all and then nothing would be idle and swamped in turn. It follows
 * time and the distance from the target, and so finds the share by itself. In a simulation of three times what a worker can
 * do (12,000 and 20,000 connections, all kinds of mixtures), 85 to 95 of 100 parts of it did useful work with these numbers;
 * rising and falling faster costs 5 to 10 of them.
 */
import type { Priority } from '@lb/shared/config/schema/route';
import type { Clock, Random } from '@lb/shared/time/clock';

/** How often sample() is to be called. */
export const SHEDDER_SAMPLE_MS = 25;

/** How long the event loop has to be late before anything is refused: a busy moment is no overload. */
const PATIENCE_MS = 1_000;

/** What the level gains in a second at twice the target or more; 1 is all that is sheddable, 2 all that is normal too. */
const RISE_PER_SECOND = 0.5;

/** What it loses in a second without any delay: slower, because what was refused comes back. */
const FALL_PER_SECOND = 0.25;

/** Some of the normal requests always pass: the delay may have another cause than they have, and then refusing all is no help. */
const HIGHEST_LEVEL = 1.95;

/** A longer pause of the event loop moves the level no further. */
const LONGEST_STEP_MS = 1_000;

/** An overload is over when nothing was shed for so long. */
const CALM_MS = 5_000;

export class Shedder {
  /** Requests have to ask; false nearly always. */
  isShedding = false;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onChange: (isShedding: boolean, delayMs: number) => void;
  /** 0 = never. */
  #targetMs = 0;
  /** Below it, no request there is would be refused. */
  #lowest = 0;
  #level = 0;
  #sampledMs: number;
  /** Since when every turn was late. */
  #lateSinceMs: number | undefined;
  /** Since when nothing is shed; undefined outside of an overload. */
  #calmSinceMs: number | undefined;

  /** @param onChange called when an overload begins and when it is over */
  constructor(
    clock: Clock,
    random: Random,
    onChange: (isShedding: boolean, delayMs: number) => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#onChange = onChange;
    this.#sampledMs = clock.monotonicMs();
  }

  /** @param hasSheddable some routes are sheddable; else normal ones are shed at once */
  configure(targetMs: number, hasSheddable: boolean): void {
    this.#targetMs = targetMs;
    this.#lowest = hasSheddable ? 0 : 1;
    this.#setLevel(targetMs === 0 ? this.#lowest : this.#level);
  }

  /** Whether to refuse a request; asked while `isShedding`. */
  sheds(priority: Priority): boolean {
    switch (priority) {
      case 'critical':
        return false;
      case 'normal':
        return this.#random() < this.#level - 1;
      case 'sheddable':
        return this.#random() < this.#level;
    }
  }

  /** Looks how late it is called. */
  sample(): void {
    const now = this.#clock.monotonicMs();
    const passedMs = now - this.#sampledMs;
    this.#sampledMs = now;
    const delayMs = Math.max(0, passedMs - SHEDDER_SAMPLE_MS);
    if (this.#targetMs > 0) this.#follow(now, delayMs, passedMs);
    this.#tell(now, Math.round(delayMs));
  }

  #follow(nowMs: number, delayMs: number, passedMs: number): void {
    const excess = Math.min(1, delayMs / this.#targetMs - 1);
    const seconds = Math.min(passedMs, LONGEST_STEP_MS) / 1_000;
    if (excess <= 0) {
      this.#lateSinceMs = undefined;
      this.#setLevel(this.#level + excess * seconds * FALL_PER_SECOND);
      return;
    }
    // From its end on: one long turn, of a process that was stopped, is no overload either.
    this.#lateSinceMs ??= nowMs;
    if (this.isShedding || nowMs - this.#lateSinceMs >= PATIENCE_MS)
      this.#setLevel(this.#level + excess * seconds * RISE_PER_SECOND);
  }

  #setLevel(level: number): void {
    this.#level = Math.min(HIGHEST_LEVEL, Math.max(this.#lowest, level));
    this.isShedding = this.#level > this.#lowest;
  }

  #tell(nowMs: number, delayMs: number): void {
    if (this.isShedding) {
      if (this.#calmSinceMs === undefined) this.#onChange(true, delayMs);
      this.#calmSinceMs = nowMs;
    } else if (this.#calmSinceMs !== undefined && nowMs - this.#calmSinceMs >= CALM_MS) {
      this.#calmSinceMs = undefined;
      this.#onChange(false, delayMs);
    }
  }
}
