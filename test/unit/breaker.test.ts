/** When a circuit breaker opens and closes. */
import { expect, test } from '@jest/globals';
import { Breaker, type BreakerConfig } from '@lb/primary/internal/limits/breaker';
import type { BreakerState } from '@lb/shared/metrics/catalog';
import { Timeline } from '../support/timeline.ts';

const CONFIG: BreakerConfig = {
  errorRate: 0.5,
  minRequests: 20,
  window: 10_000,
  openFor: 15_000,
  halfOpen: 3,
};

function scene(over: Partial<BreakerConfig> = {}) {
  const timeline = new Timeline();
  const changes: BreakerState[] = [];
  const breaker = new Breaker(
    { ...CONFIG, ...over },
    {
      clock: timeline,
      schedule: timeline.schedule,
      onChange: (_, to) => changes.push(to),
      onTrials: () => undefined,
    },
  );
  return { timeline, changes, breaker };
}

test('opens at its share of failures, and not with fewer tries than it takes', () => {
  const { breaker } = scene();
  breaker.count(19, 19);
  expect(breaker.state).toBe('closed');

  breaker.count(1, 0);
  expect(breaker.state).toBe('closed');
  breaker.count(1, 1);

  expect(breaker.state).toBe('open');
});

test('stays closed below its share', () => {
  const { breaker } = scene();
  for (let i = 0; i < 100; i++) breaker.count(100, 49);
  expect(breaker.state).toBe('closed');
});

test('forgets what is older than its window', async () => {
  const { breaker, timeline } = scene();
  breaker.count(15, 15);
  await timeline.advance(11_000);
  breaker.count(15, 15);
  expect(breaker.state).toBe('closed');

  await timeline.advance(5_000);
  breaker.count(5, 5);

  expect(breaker.state).toBe('open');
});

test('lets its trials through when its time is up, and closes when all ended well', async () => {
  const { breaker, timeline, changes } = scene();
  breaker.count(20, 20);
  expect(breaker.takeTrials(5)).toBe(0);
  await timeline.advance(14_999);
  expect(breaker.state).toBe('open');

  await timeline.advance(1);
  expect([breaker.takeTrials(2), breaker.takeTrials(5), breaker.takeTrials(1)]).toEqual([2, 1, 0]);
  breaker.count(2, 0);
  expect(breaker.state).toBe('half_open');
  breaker.count(1, 0);

  expect(changes).toEqual(['open', 'half_open', 'closed']);
});

test('opens again at the first trial that failed', async () => {
  const { breaker, timeline, changes } = scene();
  breaker.count(20, 20);
  await timeline.advance(15_000);
  breaker.takeTrials(3);

  breaker.count(3, 1);
  await timeline.advance(15_000);

  expect(changes).toEqual(['open', 'half_open', 'open', 'half_open']);
});

test('begins anew after it has closed: old failures count no more', async () => {
  const { breaker, timeline } = scene({ openFor: 1_000 });
  breaker.count(20, 20);
  await timeline.advance(1_000);
  breaker.takeTrials(3);
  breaker.count(3, 0);

  breaker.count(10, 10);

  expect(breaker.state).toBe('closed');
});

test('what began before it opened cannot close it', async () => {
  const { breaker, timeline } = scene();
  breaker.count(20, 20);
  await timeline.advance(15_000);
  breaker.takeTrials(1);

  breaker.count(50, 0);

  expect(breaker.state).toBe('half_open');
});

test('trials of which nothing is heard are given out again', async () => {
  const { breaker, timeline } = scene();
  breaker.count(20, 20);
  await timeline.advance(15_000);
  expect(breaker.takeTrials(3)).toBe(3);

  await timeline.advance(15_000);

  expect(breaker.takeTrials(3)).toBe(3);
});

test('a trial that is heard of too late costs no other: workers report at times of their own', async () => {
  const { breaker, timeline } = scene({ halfOpen: 2, openFor: 1_000 });
  breaker.count(20, 20);
  await timeline.advance(1_000);
  expect(breaker.takeTrials(2)).toBe(2);
  breaker.count(1, 0);
  await timeline.advance(1_000);

  breaker.count(1, 0);
  expect(breaker.state).toBe('half_open');
  expect(breaker.takeTrials(2)).toBe(1);
  breaker.count(1, 0);

  expect(breaker.state).toBe('closed');
});
