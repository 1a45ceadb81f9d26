/** The past of traffic, step by step. */
import { expect, test } from '@jest/globals';
import { History } from '@lb/primary/internal/traffic/history';
import { Tally } from '@lb/primary/internal/traffic/tally';

/** Writes a step with so many requests. */
function write(history: History, step: number, requests: number): void {
  const tally = new Tally();
  if (requests > 0) tally.add(0, requests);
  history.write(step, tally, 1);
}

test('what was before the first traffic is nothing, and what came since is all there, while it grows', () => {
  const history = new History(900);
  for (let step = 0; step < 500; step++) write(history, step, step < 50 ? 0 : step);
  const { requestsPerSecond, p50Ms } = history.read(500, 480);
  expect(requestsPerSecond).toEqual(
    Array.from({ length: 480 }, (_, at) => (at + 20 < 50 ? 0 : at + 20)),
  );
  expect(p50Ms.indexOf(0.0005)).toBe(30);
  expect(p50Ms.lastIndexOf(null)).toBe(29);
});

test('the newest take the place of the oldest', () => {
  const history = new History(100);
  for (let step = 7; step < 350; step++) write(history, step, step);
  expect(history.read(350, 1_000).requestsPerSecond).toEqual(
    Array.from({ length: 100 }, (_, at) => 250 + at),
  );
});

test('without traffic there are zeros', () => {
  const history = new History(100);
  write(history, 0, 0);
  expect(history.read(1, 10)).toMatchObject({ requestsPerSecond: [0], p50Ms: [null] });
});
