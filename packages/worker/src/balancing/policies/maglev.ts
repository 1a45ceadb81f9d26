/** Maglev: shares by weight to the percent, and a lookup that costs the same for any number of backends. */
import { MaglevTable } from '../hashing/maglev-table.ts';
import type { Candidate, PolicySetup } from '../policy.ts';
import { HashPolicy } from './hash-policy.ts';

export class Maglev<C extends Candidate> extends HashPolicy<C> {
  constructor(setup: PolicySetup) {
    super(setup, {
      keySource: setup.hashOn,
      balanceFactor: setup.hashBalanceFactor,
      createCircle: (members) => new MaglevTable(members),
    });
  }
}
