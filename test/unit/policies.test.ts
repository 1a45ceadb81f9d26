/** One contract for all policies; what each promises beyond it is in policies-each. */
import { describe, expect, test } from '@jest/globals';
import type { PolicyName } from '@lb/worker/internal/balancing/registry';
import { POLICIES } from '@lb/shared/config/schema/pool';
import { seededRandom } from '@lb/shared/time/clock';
import { type Fake, fakes, make, requestWith, shares } from '../support/fake-candidates.ts';

/** Each change costs them milliseconds. */
const HASHING: readonly PolicyName[] = ['ip_hash', 'ring_hash', 'maglev'];

const EXACT: readonly PolicyName[] = ['round_robin', 'weighted_round_robin', 'least_connections'];

describe.each(POLICIES)('%s', (name) => {
  test('picks nobody where there is nobody', () => {
    const policy = make(name);
    policy.update([]);
    expect(policy.pick(requestWith('key'))).toBeUndefined();
  });

  test('picks the only one, again and again', () => {
    const policy = make(name);
    const [only] = fakes(3);
    policy.update(only === undefined ? [] : [only]);
    for (let i = 0; i < 10; i++) expect(policy.pick(requestWith(`${i}`))).toBe(only);
    expect(policy.pick(requestWith('key', only === undefined ? [] : [only]))).toBeUndefined();
  });

  test.each([[[1, 1, 1]], [[1, 2, 7]], [[100, 200, 700]], [[5, 1, 1]], [[1000, 1, 999]]])(
    'shares an idle pool by the weights %j',
    (weights) => {
      const policy = make(name);
      const candidates = fakes(...weights);
      policy.update(candidates);
      const total = weights.reduce((sum, weight) => sum + weight, 0);

      const seen = shares(policy, candidates, 50_000);

      const tolerance = EXACT.includes(name) ? 0.01 : 0.03;
      for (const [slot, weight] of weights.entries())
        expect(Math.abs((seen[slot] ?? 0) - weight / total)).toBeLessThan(tolerance);
    },
  );

  test('says whom it would pick without a turn taken', () => {
    const [watched, alone] = [make(name), make(name)];
    const candidates = fakes(3, 1, 2, 4);
    watched.update(candidates);
    alone.update(candidates);
    for (let i = 0; i < 50; i++) {
      const request = requestWith(`${i}`);
      const said = watched.peek?.(request);
      const picked = watched.pick(request);
      expect(picked).toBe(alone.pick(request));
      expect(said ?? picked).toBe(picked);
    }
  });

  test('tries each once and then gives up', () => {
    const policy = make(name);
    const candidates = fakes(1, 5, 2, 900);
    policy.update(candidates);
    for (let round = 0; round < 200; round++) {
      const tried: Fake[] = [];
      for (let i = 0; i < 4; i++) {
        const picked = policy.pick(requestWith(`${round}`, tried));
        expect(picked).toBeDefined();
        if (picked === undefined) return;
        expect(tried).not.toContain(picked);
        tried.push(picked);
      }
      expect(policy.pick(requestWith(`${round}`, tried))).toBeUndefined();
    }
  });

  test('passes over those without room, and takes them again when they have some', () => {
    const policy = make(name);
    const candidates = fakes(1, 5, 2, 900);
    policy.update(candidates);
    for (const fake of candidates) fake.hasRoom = fake.slot === 2;
    for (let i = 0; i < 50; i++) expect(policy.pick(requestWith(`${i}`))?.slot).toBe(2);
    for (const fake of candidates) fake.hasRoom = false;
    expect(policy.pick(requestWith('key'))).toBeUndefined();

    for (const fake of candidates) fake.hasRoom = true;

    expect(policy.pick(requestWith('key'))).toBeDefined();
  });

  test('through many changes it picks one that is listed and untried, whenever there is one', () => {
    const random = seededRandom(7);
    const policy = make(name, { random });
    const below = (limit: number): number => Math.floor(random() * limit);
    const keys = [undefined, 'a', 'b', 'c', 'd', 'e'];
    let all = fakes(1, 1, 1, 1, 1, 1);
    const changes = HASHING.includes(name) ? 25 : 1_000;
    for (let change = 0; change < changes; change++) {
      // Weights change with the object, as a backend's do between snapshots; or only who is listed.
      if (below(4) === 0)
        for (const fake of all) Object.assign(fake, { weight: 1 + below(9) * below(30) });
      if (below(50) === 0) all = fakes(1, 2, 3, 4, 5, 6);
      const listed = all.filter(() => below(3) > 0);
      policy.update(listed);
      for (let pick = below(8); pick >= 0; pick--) {
        for (const fake of listed)
          Object.assign(fake, { load: below(5), latencyMs: below(3) * 10 });
        const tried = listed.filter(() => below(3) === 0);
        const open = listed.filter((fake) => !tried.includes(fake));

        const picked = policy.pick(requestWith(keys[below(keys.length)], tried));

        expect(open.length === 0 ? [undefined] : open).toContain(picked);
      }
    }
  });

  test('takes over new weights', () => {
    const policy = make(name);
    const candidates = fakes(1, 1);
    policy.update(candidates);
    shares(policy, candidates, 7);
    const heavier = fakes(1, 3);
    policy.update(heavier);

    expect(shares(policy, heavier, 20_000)[1]).toBeCloseTo(0.75, 1);
  });

  test('stands a hundred backends, a hundred thousand picks', () => {
    const policy = make(name);
    const candidates = fakes(...Array.from({ length: 100 }, (_, i) => 1 + (i % 3)));
    policy.update(candidates);
    for (let i = 0; i < 100_000; i++) policy.pick(requestWith(`${i}`));
    expect(policy.pick(requestWith('key'))).toBeDefined();
  });
});
