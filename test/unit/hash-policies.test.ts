/** What the policies promise that go by a key of the request. */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Policy, PolicySetup } from '@lb/worker/internal/balancing/policy';
import type { PolicyName } from '@lb/worker/internal/balancing/registry';
import { parseKeySource } from '@lb/worker/internal/request/request-key';
import { type Fake, fakes, make, requestWith } from '../support/fake-candidates.ts';

const SEED = 20_261_127;
const KEYS = Array.from({ length: 10_000 }, (_, i) => `198.51.${i >> 8}.${i & 255}`);
const HASHING: readonly PolicyName[] = ['ip_hash', 'ring_hash', 'maglev'];
const BOUNDED: readonly PolicyName[] = ['ring_hash', 'maglev'];

function policyOf(
  name: PolicyName,
  candidates: readonly Fake[],
  more: Partial<PolicySetup> = {},
): Policy<Fake> {
  const policy = make(name, more);
  policy.update(candidates);
  return policy;
}

/** Whom each key goes to. */
const owners = (policy: Policy<Fake>): (string | undefined)[] =>
  KEYS.map((key) => policy.pick(requestWith(key))?.name);

const ones = (count: number): Fake[] => fakes(...Array.from({ length: count }, () => 1));

describe.each(HASHING)('%s', (name) => {
  test('sends a key to the same backend whatever the order, the worker and the random numbers', () => {
    const candidates = fakes(3, 1, 2, 5, 1);
    const one = policyOf(name, candidates);
    const keys = KEYS.slice(0, 200);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(candidates, { minLength: candidates.length }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (shuffled, chance) => {
          const other = policyOf(name, shuffled, { random: () => chance, startOffset: chance });
          for (const key of keys)
            expect(other.pick(requestWith(key))).toBe(one.pick(requestWith(key)));
        },
      ),
      { seed: SEED, numRuns: 10 },
    );
  });

  test.each([4, 10, 25])('of %i backends, one that leaves moves about its share', (count) => {
    const candidates = ones(count);
    const policy = policyOf(name, candidates);
    const before = owners(policy);
    const gone = candidates[count >> 1];
    policy.update(candidates.filter((candidate) => candidate !== gone));
    const after = owners(policy);

    const moved = before.filter((owner, i) => owner !== after[i]).length / KEYS.length;
    const others = before.filter((owner, i) => owner !== gone?.name && owner !== after[i]).length;

    expect(moved * count).toBeGreaterThan(0.5);
    expect(moved * count).toBeLessThan(1.5);
    expect(others / KEYS.length).toBeLessThan(name === 'maglev' ? 0.3 / count : 1e-9);
  });

  test('with weights beyond the size of a ring, at most about twice its share', () => {
    const candidates = fakes(...Array.from({ length: 10 }, () => 100));
    const policy = policyOf(name, candidates);
    const before = owners(policy);
    policy.update(candidates.slice(1));
    const after = owners(policy);
    expect(before.filter((owner, i) => owner !== after[i]).length).toBeLessThan(2_200);
  });

  test('one that comes takes about its share, from all, and what it took it gives back', () => {
    const candidates = ones(10);
    const policy = policyOf(name, candidates.slice(1));
    const before = owners(policy);
    policy.update(candidates);
    const after = owners(policy);
    policy.update(candidates.slice(1));

    const moved = before.filter((owner, i) => owner !== after[i]);
    expect(moved.length).toBeGreaterThan(500);
    expect(moved.length).toBeLessThan(1_500);
    expect(new Set(moved).size).toBe(9);
    expect(owners(policy)).toEqual(before);
  });

  test('shares keys by weight, within a tenth', () => {
    const weights = [1, 2, 3, 4];
    const counts = new Map<string | undefined, number>();
    for (const owner of owners(policyOf(name, fakes(...weights))))
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    for (const [slot, weight] of weights.entries())
      expect(Math.abs((counts.get(`web-${slot}`) ?? 0) / (1_000 * weight) - 1)).toBeLessThan(0.1);
  });

  test('tries again where the key would go without the one that failed, on all instances alike', () => {
    const candidates = ones(8);
    const policy = policyOf(name, candidates);
    const reversed = policyOf(name, candidates.toReversed());
    const seconds = new Set<string | undefined>();
    for (const key of KEYS.slice(0, 200)) {
      const first = policy.pick(requestWith(key));
      const tried = first === undefined ? [] : [first];
      const second = policy.pick(requestWith(key, tried));
      expect(reversed.pick(requestWith(key, tried))).toBe(second);
      expect(second).not.toBe(first);
      if (first === candidates[0]) seconds.add(second?.name);
    }
    // Not all to one neighbour.
    expect(seconds.size).toBeGreaterThan(4);
  });

  test.each([undefined, ''])('spreads requests with the key %j by weight', (key) => {
    const candidates = fakes(1, 3);
    const policy = policyOf(name, candidates);
    const picks = Array.from({ length: 4_000 }, () => policy.pick(requestWith(key))?.slot ?? -1);
    expect(picks.filter((slot) => slot === 1).length / picks.length).toBeCloseTo(0.75, 1);
    expect(policy.pick(requestWith(key, candidates.slice(1)))?.slot).toBe(0);
  });
});

describe.each(BOUNDED)('the bound of %s', (name) => {
  /** As many requests of one key as there are, none of which ends. */
  function pileUp(policy: Policy<Fake>, key: string, requests: number): Fake[] {
    return Array.from({ length: requests }, () => {
      const picked = policy.pick(requestWith(key));
      if (picked === undefined) throw new Error('nobody was picked');
      picked.load++;
      return picked;
    });
  }

  test('keeps nobody above 1.25 of its share, for a single key', () => {
    const candidates = fakes(1, 1, 1, 1, 2, 2);
    pileUp(policyOf(name, candidates), 'hot', 400);
    for (const { load, weight } of candidates)
      expect(load).toBeLessThanOrEqual(Math.ceil((1.25 * 400 * weight) / 8));
  });

  test('leaves a quiet client where it is', () => {
    const candidates = ones(6);
    expect(new Set(pileUp(policyOf(name, candidates), 'quiet', 4)).size).toBe(1);
  });

  test('passes a key on to those that would get it at a retry, in the same order', () => {
    const candidates = ones(6);
    const policy = policyOf(name, candidates);
    const retried: Fake[] = [];
    // A share of 1.25 sixths: five are enough for all.
    for (let i = 0; i < 5; i++) {
      const next = policy.pick(requestWith('hot', retried));
      if (next !== undefined) retried.push(next);
    }

    expect([...new Set(pileUp(policy, 'hot', 100))]).toEqual(retried);
  });

  test('of 0 lets one key have one backend', () => {
    const candidates = ones(6);
    const policy = policyOf(name, candidates, { hashBalanceFactor: 0 });
    expect(new Set(pileUp(policy, 'hot', 400)).size).toBe(1);
  });

  test('still finds somebody when all that were not tried are full', () => {
    const candidates = ones(3);
    const policy = policyOf(name, candidates, { hashBalanceFactor: 1 });
    for (const [i, load] of [0, 500, 500].entries()) Object.assign(candidates[i] ?? {}, { load });
    expect(policy.pick(requestWith('key', candidates.slice(0, 1)))?.load).toBe(500);
  });
});

test('ip_hash goes by the address whatever hashOn says, and does not look at the load', () => {
  const candidates = ones(6);
  const policy = policyOf('ip_hash', candidates, { hashOn: { kind: 'path' } });
  const kinds: string[] = [];
  const request = {
    tried: [],
    hashKey: ({ kind }: { readonly kind: string }) => {
      kinds.push(kind);
      return '192.0.2.1';
    },
  };
  const first = policy.pick(request);
  for (const candidate of candidates) candidate.load = candidate === first ? 1_000 : 0;

  expect(policy.pick(request)).toBe(first);
  expect(kinds).toEqual(['client_ip', 'client_ip']);
});

test.each(BOUNDED)('%s asks the request for what hashOn says', (name) => {
  const hashOn = parseKeySource('header:X-User');
  if (hashOn === undefined) throw new Error('it is one');
  const policy = policyOf(name, ones(6), { hashOn });
  const asked: unknown[] = [];
  policy.pick({ tried: [], hashKey: (source) => void asked.push(source) });
  expect(asked).toEqual([{ kind: 'header', name: 'x-user' }]);
});
