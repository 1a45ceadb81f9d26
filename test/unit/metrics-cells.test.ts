import { describe, expect, test } from '@jest/globals';
import { Cells } from '@lb/worker/internal/metrics/cells';
import { BackendMetrics, RouteMetrics } from '@lb/worker/internal/metrics/request-metrics';
import { DURATION_BUCKETS_SECONDS, HISTOGRAM_CELLS } from '@lb/shared/metrics/catalog';
import type { ToPrimary } from '@lb/shared/ipc/messages';
import { metricTotal } from '../support/metric-totals.ts';

const valuesOf = (cells: Cells): Record<number, number> => {
  const delta = cells.takeDelta();
  return Object.fromEntries(
    [...(delta?.cells ?? [])].map((cell, i) => [cell, delta?.values[i] ?? 0]),
  );
};
const sentBy = (cells: Cells): ToPrimary[] => {
  const delta = cells.takeDelta();
  return delta === undefined ? [] : [{ lb: 1, ...delta }];
};

describe('a delta', () => {
  test('carries what a counter gained since the last one, and nothing twice', () => {
    const cells = new Cells();
    const counter = cells.series('lb_http_request_bytes_total', 'r');
    cells.add(counter, 2);
    cells.add(counter, 3);

    expect(valuesOf(cells)).toEqual({ [counter]: 5 });
    expect(cells.takeDelta()).toBeUndefined();
    cells.add(counter, 1);
    expect(valuesOf(cells)).toEqual({ [counter]: 1 });
  });

  test('carries the value of a gauge, only when it changed', () => {
    const cells = new Cells();
    const gauge = cells.series('lb_tunnels', 'r');
    cells.add(gauge, 1);
    cells.add(gauge, 1);

    expect(valuesOf(cells)).toEqual({ [gauge]: 2 });
    cells.add(gauge, 1);
    cells.add(gauge, -1);
    expect(cells.takeDelta()).toBeUndefined();
    cells.set(gauge, 0);
    expect(valuesOf(cells)).toEqual({ [gauge]: 0 });
  });

  test('defines a series once, numbered on from those before', () => {
    const cells = new Cells();
    cells.series('lb_tunnels', 'a');
    cells.series('lb_tunnels', 'b');
    const first = cells.takeDelta();
    cells.series('lb_tunnels', 'a');
    cells.series('lb_tunnels', 'c');
    const second = cells.takeDelta();

    expect(first).toMatchObject({ firstSeries: 0, series: [{ labels: ['a'] }, { labels: ['b'] }] });
    expect(second).toMatchObject({ firstSeries: 2, series: [{ labels: ['c'] }] });
  });

  test('survives growing past every table', () => {
    const cells = new Cells();
    const made = Array.from({ length: 500 }, (_, i) => [
      cells.series('lb_tunnels', String(i)),
      cells.series('lb_backend_connect_seconds', 'p', String(i)),
    ]);
    for (const [i, [gauge = 0, histogram = 0]] of made.entries()) {
      cells.set(gauge, i);
      cells.observe(histogram, 1);
    }

    const values = valuesOf(cells);
    for (const [i, [gauge = 0, histogram = 0]] of made.entries()) {
      expect(values[gauge] ?? 0).toBe(i);
      expect(values[histogram]).toBe(1);
    }
    expect(cells.takeDelta()).toBeUndefined();
  });
});

describe('a histogram', () => {
  test.each([
    [0, 0],
    [1, 0],
    [1.1, 1],
    [2.5, 1],
    [999, 9],
    [30_000, 13],
    [30_001, 14],
    [1e9, 14],
  ])('puts %d ms into bucket %i, bounds included', (ms, bucket) => {
    const cells = new Cells();
    const histogram = cells.series('lb_http_request_duration_seconds', 'r');
    cells.observe(histogram, ms);

    const values = valuesOf(cells);

    expect(values[histogram + bucket]).toBe(1);
    expect(values[histogram + DURATION_BUCKETS_SECONDS.length + 1] ?? 0).toBeCloseTo(ms / 1000, 9);
  });

  test('takes its cells and no more', () => {
    const cells = new Cells();
    const histogram = cells.series('lb_http_request_duration_seconds', 'r');
    expect(cells.series('lb_tunnels', 'r')).toBe(histogram + HISTOGRAM_CELLS);
  });
});

describe('what is counted', () => {
  test('a request by listener, route, method and code, each clamped to what a label may be', () => {
    const cells = new Cells();
    const route = new RouteMetrics(cells, 'r');
    const finished = {
      listener: 'web',
      totalMs: 1,
      upstreamMs: 5,
      requestBytes: 0,
      responseBytes: 7,
    };
    route.finished({ ...finished, method: 'GET', status: 200 });
    route.finished({ ...finished, method: 'BREW', status: 1_000 });
    route.finished({ ...finished, method: 'GET', status: 0 });

    const messages = sentBy(cells);

    expect(metricTotal(messages, 'lb_http_requests_total', 'web', 'r', 'GET', '200')).toBe(1);
    expect(metricTotal(messages, 'lb_http_requests_total', 'other', '599')).toBe(1);
    expect(metricTotal(messages, 'lb_http_requests_total', 'GET', '100')).toBe(1);
    expect(metricTotal(messages, 'lb_http_response_bytes_total', 'r')).toBe(21);
  });

  test('a failure of a backend by what it was', () => {
    const cells = new Cells();
    const backend = new BackendMetrics(cells, 'p', 'b');
    backend.failed('connect_failed');
    backend.failed('connect_timeout');
    backend.failed('response_timeout');

    const messages = sentBy(cells);

    expect(metricTotal(messages, 'lb_backend_errors_total', 'p', 'b', 'connect')).toBe(2);
    expect(metricTotal(messages, 'lb_backend_errors_total', 'p', 'b', 'timeout')).toBe(1);
  });
});
