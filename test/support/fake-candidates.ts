/** What policies pick from in tests. */
import type {
  Candidate,
  PickContext,
  Policy,
  PolicySetup,
} from '@lb/worker/internal/balancing/policy';
import { createPolicy, type PolicyName } from '@lb/worker/internal/balancing/registry';
import { seededRandom } from '@lb/shared/time/clock';

/** A candidate whose load and latency a test moves. */
export interface Fake extends Candidate {
  load: number;
  latencyMs: number;
  hasRoom: boolean;
}

/** One for each weight; its slot is its place, and so is its name. */
export const fakes = (...weights: readonly number[]): Fake[] =>
  weights.map((weight, slot) => ({
    slot,
    name: `web-${slot}`,
    weight,
    load: 0,
    latencyMs: 0,
    share: 1,
    hasRoom: true,
  }));

/** What policies are made with in tests: the same random numbers each time. */
export const policySetup = (more: Partial<PolicySetup> = {}): PolicySetup => ({
  random: seededRandom(1),
  startOffset: 0,
  hashOn: { kind: 'client_ip' },
  hashBalanceFactor: 1.25,
  ...more,
});

/** A policy for fakes. */
export const make = (name: PolicyName, more: Partial<PolicySetup> = {}): Policy<Fake> =>
  createPolicy<Fake>(name, policySetup(more));

/** A try of a request with this key, whatever its source; without one, it has none. */
export const requestWith = (key?: string, tried: readonly Fake[] = []): PickContext => ({
  tried,
  hashKey: () => key,
});

/** The first try of a request. */
export const NONE_TRIED = requestWith();

/** How often each slot is picked for the first try of requests that have each another key. */
export function shares(policy: Policy<Fake>, candidates: readonly Fake[], picks: number): number[] {
  const counts = candidates.map(() => 0);
  for (let i = 0; i < picks; i++) {
    const slot = policy.pick(requestWith(`client-${i}`))?.slot ?? -1;
    counts[slot] = (counts[slot] ?? 0) + 1;
  }
  return counts.map((count) => count / picks);
}
