/** The policies by their name in lb.yaml; the type makes sure that none of the schema's is missing. */
import type { POLICIES } from '@lb/shared/config/schema/pool';
import type { Candidate, Policy, PolicySetup } from './policy.ts';
import { LeastConnections } from './policies/least-connections.ts';
import { PeakEwma } from './policies/ewma.ts';
import { IpHash } from './policies/ip-hash.ts';
import { Maglev } from './policies/maglev.ts';
import { PowerOfTwoChoices } from './policies/p2c.ts';
import { RandomPolicy } from './policies/random.ts';
import { RingHash } from './policies/ring-hash.ts';
import { RoundRobin } from './policies/round-robin.ts';
import { WeightedRoundRobin } from './policies/weighted-round-robin.ts';

/** A policy's name in lb.yaml. */
export type PolicyName = (typeof POLICIES)[number];

/** Makes the policy of that name for one pool. */
export function createPolicy<C extends Candidate>(name: PolicyName, setup: PolicySetup): Policy<C> {
  switch (name) {
    case 'p2c':
      return new PowerOfTwoChoices(setup);
    case 'round_robin':
      return new RoundRobin(setup);
    case 'weighted_round_robin':
      return new WeightedRoundRobin(setup);
    case 'least_connections':
      return new LeastConnections();
    case 'random':
      return new RandomPolicy(setup);
    case 'ewma':
      return new PeakEwma(setup);
    case 'ip_hash':
      return new IpHash(setup);
    case 'ring_hash':
      return new RingHash(setup);
    case 'maglev':
      return new Maglev(setup);
  }
}
