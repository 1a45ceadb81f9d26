/** The past of traffic, step by step. */
import { expect, test } from '@jest/globals';
import { History } from '@lb/primary/internal/traffic/history';
import { DURATION_CELLS, ERROR_CELL, middleMs } from '@lb/shared/metrics/traffic-cells';
import { Tally } from '@lb/primary/internal/traffic/tally';

/** Writes a step with so many requests for the second of three places. */
function write(history: History, step: number, requests: number): void {
  const tally = new Tally();
  if (requests > 0) tally.add(0, requests);
  history.begin(step, 3);
  history.write(1, tally, 1);
}

test('what was before the first traffic is nothing, and what came since is all there', () => {
  const history = new History(900);
  for (let step = 0; step < 500; step++) write(history, step, step < 50 ? 0 : step);
  const { requestsPerSecond, p50Ms } = history.read(1, 500, 480);
  expect(requestsPerSecond).toEqual(
    Array.from({ length: 480 }, (_, at) => (at + 20 < 50 ? 0 : at + 20)),
  );
  expect(p50Ms.indexOf(0.0005)).toBe(30);
  expect(p50Ms.lastIndexOf(null)).toBe(29);
});

test('the newest take the place of the oldest', () => {
  const history = new History(100);
  for (let step = 7; step < 350; step++) write(history, step, step);
  expect(history.read(1, 350, 1_000).requestsPerSecond).toEqual(
    Array.from({ length: 100 }, (_, at) => 250 + at),
  );
});

test('without traffic there are zeros', () => {
  const history = new History(100);
  write(history, 0, 0);
  expect(history.read(1, 1, 10)).toMatchObject({ requestsPerSecond: [0], p50Ms: [null] });
});

test('places are apart, and a new one is empty', () => {
  const history = new History(100);
  write(history, 0, 5);
  const tally = new Tally();
  tally.add(3, 1);
  history.begin(1, 4);
  history.write(3, tally, 2);
  expect(history.read(3, 2, 10)).toMatchObject({
    requestsPerSecond: [0, 0.5],
    p99Ms: [null, 0.0035],
  });
  expect(history.read(1, 2, 10).requestsPerSecond).toEqual([5, 0]);
  history.forget(1);
  expect(history.read(1, 2, 10).requestsPerSecond).toEqual([0, 0]);
  expect(history.read(3, 2, 10).requestsPerSecond).toEqual([0, 0.5]);
});

test('keeps the cells of all quantiles, and error rates', () => {
  const history = new History(10);
  const tally = new Tally();
  tally.add(0, 90);
  tally.add(300, 8);
  tally.add(DURATION_CELLS - 1, 2);
  tally.add(ERROR_CELL, 25);
  history.begin(0, 1);
  history.write(0, tally, 1);
  expect(history.read(0, 1, 1)).toEqual({
    requestsPerSecond: [100],
    errorRate: [0.25],
    p50Ms: [middleMs(0)],
    p95Ms: [middleMs(300)],
    p99Ms: [middleMs(DURATION_CELLS - 1)],
  });
});
