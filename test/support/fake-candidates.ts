/** What policies pick from in tests. */
import type { Candidate, Policy } from '@lb/worker/internal/balancing/policy';
import { createPolicy, type PolicyName } from '@lb/worker/internal/balancing/registry';
import { type Random, seededRandom } from '@lb/shared/time/clock';

/** A candidate whose load and latency a test moves. */
export interface Fake extends Candidate {
  load: number;
  latencyMs: number;
}

/** One for each weight; its slot is its place. */
export const fakes = (...weights: readonly number[]): Fake[] =>
  weights.map((weight, slot) => ({ slot, weight, load: 0, latencyMs: 0 }));
/** A policy, with the same random numbers each time. */
export const make = (
  name: PolicyName,
  random: Random = seededRandom(1),
  startOffset = 0,
): Policy<Fake> => createPolicy<Fake>(name, { random, startOffset });
/** The first try of a request. */
export const NONE_TRIED: { readonly tried: readonly Fake[] } = { tried: [] };

/** How often each slot is picked. */
export function shares(policy: Policy<Fake>, candidates: readonly Fake[], picks: number): number[] {
  const counts = candidates.map(() => 0);
  for (let i = 0; i < picks; i++) {
    const slot = policy.pick(NONE_TRIED)?.slot ?? -1;
    counts[slot] = (counts[slot] ?? 0) + 1;
  }
  return counts.map((count) => count / picks);
}
