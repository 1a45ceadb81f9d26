import { describe, expect, test } from '@jest/globals';
import { Traffic } from '@lb/primary/internal/traffic/traffic';
import { TrafficCounts } from '@lb/worker/internal/metrics/traffic-counts';
import { NO_TRAFFIC } from '../support/admin-fixture.ts';
import { Timeline } from '../support/timeline.ts';

const NAMES = {
  routes: ['web', 'none'],
  pools: [{ name: 'app', backends: [{ name: 'a:1' }, { name: 'b:1' }] }],
};
const A = { pool: 'app', backend: 'a:1' };
const B = { pool: 'app', backend: 'b:1' };

function arrange() {
  const clock = new Timeline();
  const traffic = new Traffic(clock);
  traffic.follow(NAMES);
  const newWorker = (id: number) => {
    const counts = new TrafficCounts();
    return {
      counts,
      answer: (ms: number, { of = A, times = 1, isError = false } = {}): void => {
        for (let time = 0; time < times; time++) counts.answered(counts.series(of), ms, isError);
      },
      send: (): void => {
        const delta = counts.takeDelta();
        if (delta !== undefined) traffic.apply(id, delta);
      },
    };
  };
  const seconds = async (count: number): Promise<void> => {
    for (let second = 0; second < count; second++) {
      await clock.advance(1_000);
      traffic.step();
    }
  };
  return { traffic, newWorker, seconds, worker: newWorker(1) };
}

describe('what a worker counts', () => {
  test('is sent once, with each series named once', () => {
    const counts = new TrafficCounts();
    const route = counts.series({ route: 'web' });
    counts.answered(route, 5, false);
    counts.answered(route, 5, true);
    const first = counts.takeDelta();
    counts.failed(counts.series(A));
    const second = counts.takeDelta();

    expect(first?.series).toEqual([{ route: 'web' }]);
    expect([...(first?.counts ?? [])].toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect(second).toMatchObject({ firstSeries: 1, series: [A], counts: Uint32Array.of(1) });
    expect(counts.takeDelta()).toBeUndefined();
  });

  test('survives its table growing', () => {
    const { traffic, worker, newWorker } = arrange();
    for (let ms = 1; ms <= 20_000; ms += 7) worker.answer(ms);
    worker.send();
    newWorker(2);
    traffic.step();
    expect(traffic.bySecond(A, 1)?.p50Ms[0]).toBeCloseTo(10_000, -3);
  });
});

describe('traffic', () => {
  test('is nothing without any, and for what is not followed', async () => {
    const { traffic, seconds } = arrange();
    await seconds(3);
    expect(traffic.of(A)).toEqual(NO_TRAFFIC);
    expect(traffic.of({ route: 'other' })).toEqual(NO_TRAFFIC);
    expect(traffic.bySecond({ route: 'other' }, 1)).toBeUndefined();
  });

  test('of a young instance is measured over the time that there was', async () => {
    const { traffic, worker, seconds } = arrange();
    worker.answer(10, { times: 30 });
    worker.send();
    await seconds(2);
    expect(traffic.of(A).requestsPerSecond).toBe(15);
    expect(traffic.of(B).requestsPerSecond).toBe(0);
  });

  test('is forgotten after ten seconds, and not before', async () => {
    const { traffic, worker, seconds } = arrange();
    worker.answer(10, { times: 30 });
    worker.send();
    await seconds(10);
    expect(traffic.of(A).requestsPerSecond).toBe(3);
    await seconds(1);
    expect(traffic.of(A)).toEqual(NO_TRAFFIC);
  });

  test('counts as an error what was answered with one, broke off, or was not answered', async () => {
    const { traffic, worker, seconds } = arrange();
    worker.answer(10, { times: 6 });
    worker.answer(10, { isError: true });
    worker.counts.error(worker.counts.series(A));
    worker.counts.failed(worker.counts.series(A));
    worker.send();
    await seconds(1);
    expect(traffic.of(A)).toMatchObject({ requestsPerSecond: 8, errorRate: 3 / 8 });
  });

  test('is joined over workers and backends, quantiles too', async () => {
    const { traffic, worker, newWorker, seconds } = arrange();
    const other = newWorker(2);
    worker.answer(10, { times: 98 });
    other.answer(500, { of: B, times: 2 });
    worker.send();
    other.send();
    await seconds(1);
    const { p50Ms, p95Ms, p99Ms, requestsPerSecond } = traffic.of({ pool: 'app' });
    expect(requestsPerSecond).toBe(100);
    expect([p50Ms, p95Ms].map((ms) => Math.abs((ms ?? 0) - 10) / 10 < 0.02)).toEqual([true, true]);
    expect(Math.abs((p99Ms ?? 0) - 500) / 500).toBeLessThan(0.02);
  });

  test('of routes is that of the instance, whatever their backends did', async () => {
    const { traffic, worker, seconds } = arrange();
    const { counts } = worker;
    counts.answered(counts.series({ route: 'web' }), 10, false);
    counts.answered(counts.series({ route: 'none' }), 1, false);
    worker.answer(5, { times: 7 });
    worker.send();
    await seconds(1);
    expect(traffic.of().requestsPerSecond).toBe(2);
    expect(traffic.lastSecond().requestsPerSecond).toBe(2);
    expect(traffic.of({ route: 'web' }).requestsPerSecond).toBe(1);
  });

  test('stays when its worker dies, and a worker with the same id begins anew', async () => {
    const { traffic, worker, newWorker, seconds } = arrange();
    worker.answer(10, { times: 5 });
    worker.send();
    traffic.removeWorker(1);
    const next = newWorker(1);
    next.answer(10, { of: B, times: 5 });
    next.send();
    await seconds(1);
    expect(traffic.of(A).requestsPerSecond).toBe(5);
    expect(traffic.of(B).requestsPerSecond).toBe(5);
  });

  test('of a backend that a reload removed is gone when it comes back', async () => {
    const { traffic, worker, seconds } = arrange();
    worker.answer(10, { times: 5 });
    worker.send();
    await seconds(1);
    traffic.follow({ ...NAMES, pools: [] });
    worker.answer(10, { times: 5 });
    worker.send();
    traffic.follow(NAMES);
    expect(traffic.of(A).requestsPerSecond).toBe(0);
    worker.answer(10, { times: 4 });
    worker.send();
    await seconds(1);
    expect(traffic.of(A).requestsPerSecond).toBe(2);
  });
});

describe('history', () => {
  test('has a value for each second that there was, the oldest first', async () => {
    const { traffic, worker, seconds } = arrange();
    await seconds(1);
    worker.answer(10, { times: 4 });
    worker.answer(10, { times: 1, isError: true });
    worker.send();
    await seconds(2);
    const history = traffic.bySecond(A, 900);
    expect(history?.requestsPerSecond).toEqual([0, 5, 0]);
    expect(history?.errorRate).toEqual([0, 0.2, 0]);
    expect(history?.p99Ms.map((ms) => ms !== null)).toEqual([false, true, false]);
    expect(traffic.bySecond(A, 2)?.requestsPerSecond).toEqual([5, 0]);
  });

  test('keeps 15 minutes by the second and goes on by the minute', async () => {
    const { traffic, worker, seconds } = arrange();
    for (let minute = 0; minute < 16; minute++) {
      worker.answer(minute + 1, { times: 60 });
      worker.send();
      await seconds(60);
    }
    const fine = traffic.bySecond(A, 2_000);
    const coarse = traffic.byMinute(A, 2_000);
    expect(fine?.requestsPerSecond).toHaveLength(900);
    expect(fine?.requestsPerSecond.filter((rate) => rate > 0)).toEqual(Array(15).fill(60));
    expect(coarse?.requestsPerSecond).toEqual(Array(16).fill(1));
    expect(coarse?.p50Ms.map((ms) => Math.round(ms ?? 0))).toEqual(
      Array.from({ length: 16 }, (_, minute) => minute + 1),
    );
  });
});
