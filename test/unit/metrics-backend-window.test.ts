import { describe, expect, test } from '@jest/globals';
import { MetricsAggregate } from '@lb/primary/internal/metrics/aggregate';
import { BackendWindow } from '@lb/primary/internal/metrics/backend-window';
import { Timeline } from '../support/timeline.ts';

const POOLS = [{ name: 'app', backends: [{ name: 'a:1' }, { name: 'b:1' }] }];

function arrange() {
  const clock = new Timeline();
  const metrics = new MetricsAggregate({ version: '0', node: 'v24', startedAtSeconds: 1 });
  const window = new BackendWindow({ metrics, clock });
  window.follow(POOLS);
  window.sample();
  const answer = (code: string, seconds: number, times = 1): void => {
    for (let time = 0; time < times; time += 1) {
      metrics.add('lb_backend_requests_total', ['app', 'a:1', code]);
      metrics.observe('lb_backend_response_seconds', ['app', 'a:1'], seconds);
    }
  };
  const seconds = async (count: number): Promise<void> => {
    for (let second = 0; second < count; second += 1) {
      await clock.advance(1_000);
      window.sample();
    }
  };
  return { metrics, window, answer, seconds };
}

describe('backend window', () => {
  test('is empty without traffic', async () => {
    const { window, seconds } = arrange();
    await seconds(3);
    expect(window.of('app', 'a:1')).toEqual({
      requestsPerSecond: 0,
      errorRate: 0,
      p50Ms: null,
      p95Ms: null,
      p99Ms: null,
    });
  });

  test('the rate is over the time that was seen while the window is young', async () => {
    const { window, answer, seconds } = arrange();
    answer('200', 0.01, 30);
    await seconds(2);
    expect(window.of('app', 'a:1').requestsPerSecond).toBe(15);
    expect(window.of('app', 'b:1').requestsPerSecond).toBe(0);
  });

  test('forgets what is older than ten seconds', async () => {
    const { window, answer, seconds } = arrange();
    answer('200', 0.01, 30);
    await seconds(10);
    expect(window.of('app', 'a:1').requestsPerSecond).toBe(3);
    await seconds(1);
    expect(window.of('app', 'a:1').requestsPerSecond).toBe(0);
    expect(window.of('app', 'a:1').p50Ms).toBeNull();
  });

  test('errors are failed tries and answers from 500 on, each once', async () => {
    const { metrics, window, answer, seconds } = arrange();
    answer('200', 0.01, 6);
    answer('503', 0.01, 2);
    metrics.add('lb_backend_errors_total', ['app', 'a:1', 'status'], 2);
    metrics.add('lb_backend_errors_total', ['app', 'a:1', 'connect'], 2);
    await seconds(1);
    expect(window.of('app', 'a:1').errorRate).toBeCloseTo(0.4);
    expect(window.of('app', 'a:1').requestsPerSecond).toBe(10);
  });

  test('quantiles are interpolated within their bucket', async () => {
    const { window, answer, seconds } = arrange();
    answer('200', 0.02, 50);
    answer('200', 0.2, 50);
    await seconds(1);
    const { p50Ms, p95Ms } = window.of('app', 'a:1');
    expect(p50Ms).toBeCloseTo(25);
    expect(p95Ms).toBeCloseTo(100 + 150 * 0.9);
  });

  test('a quantile beyond the last bucket is its bound', async () => {
    const { window, answer, seconds } = arrange();
    answer('200', 100);
    await seconds(1);
    expect(window.of('app', 'a:1').p99Ms).toBe(30_000);
  });

  test('a backend that stays over a reload keeps its window, a removed one loses it', async () => {
    const { window, answer, seconds } = arrange();
    answer('200', 0.01, 30);
    await seconds(1);
    window.follow([{ name: 'app', backends: [{ name: 'a:1' }] }]);
    expect(window.of('app', 'a:1').requestsPerSecond).toBe(30);
    window.follow([]);
    expect(window.of('app', 'a:1').requestsPerSecond).toBe(0);
  });

  test('knows the requests a second of the whole instance', async () => {
    const { metrics, window, seconds } = arrange();
    metrics.add('lb_http_requests_total', ['web', 'api', 'GET', '200'], 50);
    await seconds(5);
    expect(window.requestsPerSecond()).toBe(10);
  });
});
