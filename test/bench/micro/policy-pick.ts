/** One pick of each policy, among backends with different loads. */
import { POLICIES } from '@lb/shared/config/schema/pool';
import type { PickContext } from '@lb/worker/internal/balancing/policy';
import { fakes, make, requestWith } from '../../support/fake-candidates.ts';
import type { Benchmark } from './benchmark.ts';

const COUNTS = [3, 100, 1_000];

/** Clients, each with a first try. */
const REQUESTS = Array.from({ length: 1_024 }, (_, i) => requestWith(`10.1.${i % 7}.${i}`));

export const policyPick: readonly Benchmark[] = POLICIES.flatMap((policyName) =>
  COUNTS.map((count): Benchmark => {
    const candidates = fakes(...Array.from({ length: count }, (_, i) => 1 + (i % 3)));
    for (const [i, candidate] of candidates.entries()) {
      candidate.load = (i * 7) % 11;
      candidate.latencyMs = 1 + ((i * 5) % 13);
    }
    const policy = make(policyName);
    policy.update(candidates);
    return {
      name: `pick ${policyName}, ${count} backends`,
      run(times) {
        for (let i = 0; i < times; i++) {
          if (policy.pick(REQUESTS[i % REQUESTS.length] as PickContext) === undefined)
            throw new Error('nothing was picked');
        }
      },
    };
  }),
);
