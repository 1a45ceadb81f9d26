/**
 * Slow start in a pool, the same under every policy: a backend that has just come (back) keeps the requests that the policy
 * gives it as often as its share says, and the policy picks again without it for the others. Shares also stand in what
 * policies compare loads by: else one that looks for the least loaded would make up for what was taken from it.
 */
import type { Clock, Random } from '@lb/shared/time/clock';
import type { Backend } from './backend.ts';
import { Xxh64 } from './hashing/xxh64.ts';
import type { PickContext, Policy } from './policy.ts';

/** How long shares stand: nobody sees the steps, and a pick need not go through all backends that are new. */
const STEP_MS = 10;

export class SlowStart {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #hash = new Xxh64();
  #candidates: readonly Backend[] = [];
  #ramping: readonly Backend[] = [];
  #steppedAtMs = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether any of the candidates is in slow start. */
  get isOn(): boolean {
    return this.#ramping.length > 0;
  }

  /** Called when the candidates, or how far they are, may have changed. */
  update(candidates: readonly Backend[]): void {
    for (const backend of this.#ramping) backend.share = 1;
    this.#candidates = candidates;
    this.#step(candidates, this.#clock.monotonicMs());
  }

  /** What the policy picks, but for what is taken from those in slow start. Called while `isOn`. */
  pick(policy: Policy<Backend>, context: PickContext): Backend | undefined {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#steppedAtMs >= STEP_MS) this.#step(this.#ramping, nowMs);
    const first = policy.pick(context);
    let picked = first;
    let { tried } = context;
    while (picked !== undefined && !this.#keeps(picked, policy, context)) {
      tried = [...tried, picked];
      picked = policy.pick({ tried, hashKey: (source) => context.hashKey(source) });
    }
    // With nobody else left it has to take the request after all.
    return picked ?? first;
  }

  /** Those who are all in slow start are spared nothing: there is nobody to take it. */
  #step(ramping: readonly Backend[], nowMs: number): void {
    this.#steppedAtMs = nowMs;
    this.#ramping = ramping.filter((backend) => backend.shareAt(nowMs) < 1);
    const isAlone = this.#ramping.length === this.#candidates.length;
    for (const backend of ramping) backend.share = isAlone ? 1 : backend.shareAt(nowMs);
  }

  /** Where a key decides, it decides this as well: it moves to the backend once, and stays. */
  #keeps({ share, name }: Backend, { keySource }: Policy<Backend>, context: PickContext): boolean {
    if (share === 1) return true;
    const key = keySource === undefined ? undefined : context.hashKey(keySource);
    if (key === undefined || key === '') return this.#random() < share;
    return (this.#hash.hash(`${key}\n${name}`).hi >>> 0) / 2 ** 32 < share;
  }
}
