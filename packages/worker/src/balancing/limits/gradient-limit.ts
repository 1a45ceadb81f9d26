/**
 * How many tries may be in flight to a backend before they only wait for each other: Envoy's gradient controller. What a try
 * takes now is compared with what it takes while hardly any are in flight (the base), and the limit follows:
 *
 *     gradient = (base x (1 + buffer) + slack) / median of the last window,   from 0.5 to 2
 *     limit    = limit x gradient + sqrt(limit x gradient)
 *
 * The root is the room in which it looks for more. Beside Envoy's rules, a limit that nobody reaches does not grow, so
 * that it still means something when a crowd comes, and a millisecond never matters. All work happens within `observe`; it needs no timer.
 *
 *     measure the base at MIN_LIMIT ──▶ follow the gradient ── about a minute, or stuck at MIN_LIMIT ──▶ measure again
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/adaptive_concurrency_filter
 * @see https://github.com/Netflix/concurrency-limits for the idea
 */
import type { Random } from '@lb/shared/time/clock';

/** The lowest limit, and the one at which the base is measured. */
export const MIN_LIMIT = 3;
export const MAX_LIMIT = 1_000;

/** Before there is a base. */
const FIRST_LIMIT = 20;

const WINDOW_MS = 100;
const MIN_SAMPLES = 10;
const MOST_SAMPLES = 256;

/** Latency may move by this part of the base, and this much beside it, without meaning anything. */
const BUFFER = 0.25;
const SLACK_MS = 1;

const BASE_SAMPLES = 50;
/** A slow backend does not answer so often in this time: then fewer have to do. */
const BASE_MS = 1_000;
const FEWEST_BASE_SAMPLES = 5;
/** A base is measured anew after this, and up to a tenth of it more, so that backends do not all slow down together. */
const BASE_LASTS_MS = 60_000;
/** So many windows at the lowest limit mean that the base is out of date. */
const STUCK_WINDOWS = 5;

export class GradientLimit {
  readonly #random: Random;
  readonly #samples = new Float64Array(MOST_SAMPLES);
  #count = 0;
  #windowStartMs: number;
  #most = 0;
  #limit = MIN_LIMIT;
  /** The base, with all that it may move by. */
  #usualMs = 0;
  #isMeasuring = true;
  #limitBefore = FIRST_LIMIT;
  #nextBaseMs = 0;
  #stuckWindows = 0;

  /** @param nowMs on the monotonic clock */
  constructor(random: Random, nowMs: number) {
    this.#random = random;
    this.#windowStartMs = nowMs;
  }

  /** Tries that may be in flight. */
  get limit(): number {
    return this.#limit;
  }

  /** An answer's head came `ms` after its try began, while so many were in flight, itself included. */
  observe(ms: number, inFlight: number, nowMs: number): void {
    // What began before the measuring was in a crowd.
    if (this.#isMeasuring && nowMs - ms < this.#windowStartMs) return;
    // Where the window is long and the answers many, the newest say it.
    this.#samples[this.#count % MOST_SAMPLES] = ms;
    this.#count++;
    if (inFlight > this.#most) this.#most = inFlight;
    if (this.#isMeasuring) this.#measure(nowMs);
    else if (nowMs - this.#windowStartMs >= WINDOW_MS && this.#count >= MIN_SAMPLES)
      this.#follow(nowMs);
  }

  #measure(nowMs: number): void {
    const isLate = nowMs - this.#windowStartMs >= BASE_MS && this.#count >= FEWEST_BASE_SAMPLES;
    if (this.#count < BASE_SAMPLES && !isLate) return;
    this.#usualMs = this.#median() * (1 + BUFFER) + SLACK_MS;
    this.#isMeasuring = false;
    this.#limit = this.#limitBefore;
    this.#stuckWindows = 0;
    this.#nextBaseMs = nowMs + BASE_LASTS_MS * (1 + this.#random() / 10);
    this.#newWindow(nowMs);
  }

  #follow(nowMs: number): void {
    const gradient = Math.min(2, Math.max(0.5, this.#usualMs / this.#median()));
    const scaled = this.#limit * gradient;
    const next = Math.floor(scaled + Math.sqrt(scaled));
    const isInUse = this.#most >= this.#limit / 2;
    if (next < this.#limit || isInUse) this.#limit = Math.min(MAX_LIMIT, Math.max(MIN_LIMIT, next));
    this.#stuckWindows = this.#limit === MIN_LIMIT ? this.#stuckWindows + 1 : 0;
    this.#newWindow(nowMs);
    if (nowMs < this.#nextBaseMs && this.#stuckWindows < STUCK_WINDOWS) return;
    this.#isMeasuring = true;
    this.#limitBefore = this.#limit;
    this.#limit = MIN_LIMIT;
  }

  #newWindow(nowMs: number): void {
    this.#count = 0;
    this.#most = 0;
    this.#windowStartMs = nowMs;
  }

  #median(): number {
    const samples = this.#samples.subarray(0, Math.min(this.#count, MOST_SAMPLES)).sort();
    return samples[samples.length >> 1] ?? 0;
  }
}
