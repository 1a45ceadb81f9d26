/** Ring hash: who leaves moves its own keys and no others. Shares are less even than those of maglev. */
import { Ring } from '../hashing/ring.ts';
import type { Candidate, PolicySetup } from '../policy.ts';
import { HashPolicy } from './hash-policy.ts';

export class RingHash<C extends Candidate> extends HashPolicy<C> {
  constructor(setup: PolicySetup) {
    super(setup, {
      keySource: setup.hashOn,
      balanceFactor: setup.hashBalanceFactor,
      createCircle: (members) => new Ring(members),
    });
  }
}
