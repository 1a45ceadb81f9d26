/**
 * Peak EWMA, the load-aware one: of two backends drawn by weight, the one that is expected to answer sooner: its average
 * latency, which jumps up with a slow answer and comes down slowly, times what waits in front of the request.
 *
 * @see https://github.com/twitter/finagle/blob/develop/finagle-core/src/main/scala/com/twitter/finagle/loadbalancer/PeakEwma.scala
 */
import type { Candidate, PolicySetup } from '../policy.ts';
import { TwoChoices } from './two-choices.ts';

export class PeakEwma<C extends Candidate> extends TwoChoices<C> {
  constructor({ random }: PolicySetup) {
    super(random, cost);
  }
}

/** Without a sample a backend costs nothing while it is idle, so it gets its first try, and much once it has one. */
function cost({ latencyMs, load, weight, share }: Candidate): number {
  if (latencyMs === 0) return load === 0 ? 0 : Number.MAX_VALUE / 2;
  return (latencyMs * (load / share + 1)) / weight;
}
