/**
 * Peak EWMA, the load-aware one: of two backends drawn by weight, the one that is expected to answer sooner: its average
 * latency, which jumps up with a slow answer and comes down slowly, times what waits in front of the request.
 *
 * @see https://github.com/twitter/finagle/blob/develop/finagle-core/src/main/scala/com/twitter/finagle/loadbalancer/PeakEwma.scala
 */
import type { Candidate, PickContext, Policy, PolicySetup } from '../policy.ts';
import { WeightedDraw } from './weighted-draw.ts';

export class PeakEwma<C extends Candidate> implements Policy<C> {
  readonly #draw: WeightedDraw<C>;

  constructor(setup: PolicySetup) {
    this.#draw = new WeightedDraw(setup.random);
  }

  update(candidates: readonly C[]): void {
    this.#draw.update(candidates);
  }

  pick({ tried }: PickContext): C | undefined {
    const first = this.#draw.draw(tried);
    if (first === undefined) return undefined;
    const second = this.#draw.draw(tried, first);
    if (second === undefined) return first;
    return cost(second) < cost(first) ? second : first;
  }
}

/** Without a sample a backend costs nothing while it is idle, so it gets its first try, and much once it has one. */
function cost(candidate: Candidate): number {
  if (candidate.latencyMs === 0) return candidate.load === 0 ? 0 : Number.MAX_VALUE / 2;
  return (candidate.latencyMs * (candidate.load + 1)) / candidate.weight;
}
