/** What each policy promises beyond the contract of all. */
import { describe, expect, test } from '@jest/globals';
import { LatencyAverage } from '@lb/worker/internal/balancing/latency-average';
import type { Candidate } from '@lb/worker/internal/balancing/policy';
import { createPolicy } from '@lb/worker/internal/balancing/registry';
import {
  fakes,
  make,
  NONE_TRIED,
  policySetup,
  requestWith,
  shares,
} from '../support/fake-candidates.ts';
import { Timeline } from '../support/timeline.ts';

describe('weighted_round_robin', () => {
  test("is nginx's smooth sequence", () => {
    const policy = make('weighted_round_robin');
    policy.update(fakes(5, 1, 1));

    const turn = Array.from({ length: 14 }, () => policy.pick(NONE_TRIED)?.slot);

    expect(turn).toEqual([0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0]);
  });
});

describe('round_robin', () => {
  test('goes round in order, with weights in rounds', () => {
    const policy = make('round_robin');
    policy.update(fakes(2, 1));

    const turn = Array.from({ length: 6 }, () => policy.pick(NONE_TRIED)?.slot);

    expect(turn).toEqual([0, 1, 0, 0, 1, 0]);
  });

  test.each([2, 3, 4, 8])(
    '%i workers with few requests each do not all begin with the same one',
    (workers) => {
      const candidates = fakes(...Array.from({ length: workers }, () => 1));
      const first = Array.from({ length: workers }, (_, place) => {
        const policy = make('round_robin', { startOffset: place / workers });
        policy.update(candidates);
        return policy.pick(NONE_TRIED)?.slot;
      });

      expect(new Set(first).size).toBe(workers);
    },
  );

  test('goes on behind the last one when another falls out', () => {
    const policy = make('round_robin');
    const candidates = fakes(1, 1, 1, 1);
    policy.update(candidates);
    policy.pick(NONE_TRIED);
    policy.pick(NONE_TRIED);

    policy.update(candidates.filter(({ slot }) => slot !== 3));

    expect(policy.pick(NONE_TRIED)?.slot).toBe(2);
  });

  test('finds the light ones when the heavy one falls out in the middle of its rounds', () => {
    const policy = make('round_robin');
    const candidates = fakes(9, 1, 1);
    policy.update(candidates);
    for (let i = 0; i < 6; i++) policy.pick(NONE_TRIED);

    policy.update(candidates.slice(1));

    expect(policy.pick(NONE_TRIED)).toBeDefined();
  });
});

test('weighted_round_robin over four workers: the first picks are spread as the weights say', () => {
  const candidates = fakes(2, 1, 1);
  const first = [0, 0.25, 0.5, 0.75].map((startOffset) => {
    const policy = make('weighted_round_robin', { startOffset });
    policy.update(candidates);
    return policy.pick(NONE_TRIED)?.slot;
  });

  expect(first.toSorted((a = 0, b = 0) => a - b)).toEqual([0, 0, 1, 2]);
});

describe('by load', () => {
  test('least_connections takes the one with the least for its weight', () => {
    const policy = make('least_connections');
    const candidates = fakes(1, 1, 4);
    policy.update(candidates);
    for (const [slot, load] of [2, 3, 7].entries()) Object.assign(candidates[slot] ?? {}, { load });

    expect(policy.pick(NONE_TRIED)?.slot).toBe(2);
    expect(policy.pick(requestWith(undefined, candidates.slice(2)))?.slot).toBe(0);
  });

  test('p2c of two takes the one with less', () => {
    const policy = make('p2c');
    const candidates = fakes(1, 1);
    policy.update(candidates);
    Object.assign(candidates[0] ?? {}, { load: 5 });

    expect(shares(policy, candidates, 1_000)).toEqual([0, 1]);
  });

  test('p2c of many never takes the most loaded', () => {
    const policy = make('p2c');
    const candidates = fakes(1, 1, 1, 1, 1);
    policy.update(candidates);
    for (const [slot, fake] of candidates.entries()) fake.load = slot;

    const seen = shares(policy, candidates, 20_000);

    expect(seen[4]).toBe(0);
    expect(seen).toEqual(seen.toSorted((a, b) => b - a));
  });
});

describe('ewma', () => {
  test('takes the one that answers sooner', () => {
    const policy = make('ewma');
    const candidates = fakes(1, 1);
    policy.update(candidates);
    for (const [slot, latencyMs] of [20, 5].entries())
      Object.assign(candidates[slot] ?? {}, { latencyMs });

    expect(shares(policy, candidates, 1_000)).toEqual([0, 1]);
  });

  test('weighs what waits against how long it takes', () => {
    const policy = make('ewma');
    const candidates = fakes(1, 1);
    policy.update(candidates);
    Object.assign(candidates[0] ?? {}, { latencyMs: 20, load: 0 });
    Object.assign(candidates[1] ?? {}, { latencyMs: 5, load: 9 });

    expect(shares(policy, candidates, 1_000)).toEqual([1, 0]);
  });

  test('gives a new one its first try, and no more until it has answered', () => {
    const policy = make('ewma');
    const candidates = fakes(1, 1);
    policy.update(candidates);
    Object.assign(candidates[0] ?? {}, { latencyMs: 20 });

    const first = policy.pick(NONE_TRIED);
    Object.assign(candidates[1] ?? {}, { load: 1 });
    const second = policy.pick(NONE_TRIED);

    expect([first?.slot, second?.slot]).toEqual([1, 0]);
  });

  test('tries one that was slow again after a while', async () => {
    const timeline = new Timeline();
    const averages = [new LatencyAverage(timeline), new LatencyAverage(timeline)];
    const candidates = averages.map((average, slot) => ({
      slot,
      name: `web-${slot}`,
      weight: 1,
      load: 0,
      share: 1,
      hasRoom: true,
      get latencyMs() {
        return average.currentMs();
      },
    }));
    const policy = createPolicy<Candidate>('ewma', policySetup());
    policy.update(candidates);
    averages[0]?.observe(2_000, timeline.monotonicMs());
    averages[1]?.observe(10, timeline.monotonicMs());
    const picks: number[] = [];

    for (let second = 0; second < 120; second++) {
      const slot = policy.pick(NONE_TRIED)?.slot ?? -1;
      picks.push(slot);
      averages[slot]?.observe(10, timeline.monotonicMs());
      await timeline.advance(1_000);
    }

    const again = picks.indexOf(0);
    expect(again).toBeGreaterThan(20);
    expect(again).toBeLessThan(90);
  });
});

describe('LatencyAverage', () => {
  test('a slower answer counts whole at once, faster ones by and by', async () => {
    const timeline = new Timeline();
    const average = new LatencyAverage(timeline);
    expect(average.currentMs()).toBe(0);

    average.observe(10, timeline.monotonicMs());
    average.observe(500, timeline.monotonicMs());
    expect(average.currentMs()).toBe(500);
    await timeline.advance(10_000);
    average.observe(0, timeline.monotonicMs());

    expect(average.currentMs()).toBeCloseTo(500 / Math.E, 6);
  });
});
