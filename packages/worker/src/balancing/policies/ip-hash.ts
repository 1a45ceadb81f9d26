/** IP hash: a client's address alone says where it goes, whatever the load; a ring, so that nobody moves without need. */
import { Ring } from '../hashing/ring.ts';
import type { Candidate, PolicySetup } from '../policy.ts';
import { HashPolicy } from './hash-policy.ts';

export class IpHash<C extends Candidate> extends HashPolicy<C> {
  constructor(setup: PolicySetup) {
    super(setup, {
      keySource: { kind: 'client_ip' },
      balanceFactor: 0,
      createCircle: (members) => new Ring(members),
    });
  }
}
