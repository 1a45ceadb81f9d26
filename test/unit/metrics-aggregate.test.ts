import { describe, expect, test } from '@jest/globals';
import { setBackendGauges } from '@lb/primary/internal/metrics/backend-gauges';
import { pool as poolSchema } from '@lb/shared/config/schema/pool';
import { root, type Config } from '@lb/shared/config/schema/root';
import type { MetricsDelta, SeriesDefinition } from '@lb/shared/ipc/messages';
import { DURATION_BUCKETS_SECONDS, METRICS } from '@lb/shared/metrics/catalog';
import type { Snapshot } from '@lb/shared/model/snapshot';
import { DEFAULT_TLS } from '../support/default-tls.ts';
import { ALONE } from '../support/alone.ts';
import { aggregate, text } from '../support/metrics-page.ts';

function delta(
  firstSeries: number,
  series: readonly SeriesDefinition[],
  cells: readonly (readonly [cell: number, value: number])[],
): MetricsDelta {
  return {
    type: 'metrics',
    firstSeries,
    series,
    cells: Uint32Array.from(cells.map(([cell]) => cell)),
    values: Float64Array.from(cells.map(([, value]) => value)),
  };
}

const REQUESTS = { metric: 'lb_http_requests_total', labels: ['web', 'api', 'GET', '200'] };
const OPEN = { metric: 'lb_listener_connections', labels: ['web'] };
const DURATION = { metric: 'lb_http_request_duration_seconds', labels: ['api'] };

function snapshot(backends: readonly string[], listener = 'web', route = 'api'): Snapshot {
  const parsed = poolSchema.parse({
    backends: backends.map((name) => `http://${name}`),
    sticky: { mode: 'cookie' },
    circuitBreaker: {},
  });
  const file = root.parse({
    listeners: [{ bind: '127.0.0.1:0' }],
    rateLimits: { limit: { rate: '1/s' } },
    caches: { cache: {} },
    tracing: {},
    metrics: { persist: { type: 'influxdb', url: 'http://localhost:8086/?db=lb' } },
  });
  const config = { ...file, listeners: [{ name: listener }], routes: [{ name: route }] };
  const pools = [
    {
      ...parsed,
      name: 'app',
      tls: DEFAULT_TLS,
      backends: parsed.backends.map((backend, slot) => ({
        ...backend,
        name: backends[slot] ?? '',
        slot,
        state: 'unknown' as const,
      })),
    },
  ];
  const known = { version: 1, workerCount: 1, slotCount: 2, ...ALONE };
  return { ...known, config: config as unknown as Config, pools };
}

describe('counts of workers', () => {
  test('are added up over workers and deltas', () => {
    const metrics = aggregate();
    metrics.applyDelta(1, delta(0, [REQUESTS], [[0, 2]]));
    metrics.applyDelta(1, delta(1, [], [[0, 3]]));
    metrics.applyDelta(2, delta(0, [OPEN, REQUESTS], [[1, 10]]));
    expect(metrics.value('lb_http_requests_total', REQUESTS.labels)).toBe(15);
    expect(metrics.workerTotal(1, 'lb_http_requests_total')).toBe(5);
  });

  test('a series after a histogram begins behind all its cells', () => {
    const metrics = aggregate();
    metrics.applyDelta(
      1,
      delta(0, [DURATION, REQUESTS], [[DURATION_BUCKETS_SECONDS.length + 2, 4]]),
    );
    expect(metrics.value('lb_http_requests_total', REQUESTS.labels)).toBe(4);
  });

  test('stay when the worker dies, and the next one with its id starts with new numbers', () => {
    const metrics = aggregate();
    metrics.applyDelta(1, delta(0, [REQUESTS], [[0, 2]]));
    metrics.removeWorker(1);
    metrics.applyDelta(1, delta(0, [OPEN, REQUESTS], [[1, 1]]));
    expect(metrics.value('lb_http_requests_total', REQUESTS.labels)).toBe(3);
    expect(metrics.workerTotal(1, 'lb_http_requests_total')).toBe(1);
  });

  test('gauges are summed over living workers and go with theirs', async () => {
    const metrics = aggregate();
    const rss = { metric: 'lb_worker_rss_bytes', labels: ['1'] };
    metrics.applyDelta(
      1,
      delta(
        0,
        [OPEN, rss],
        [
          [0, 5],
          [1, 1e8],
        ],
      ),
    );
    metrics.applyDelta(2, delta(0, [OPEN], [[0, 7]]));
    metrics.applyDelta(2, delta(1, [], [[0, 6]]));
    expect(metrics.value('lb_listener_connections', ['web'])).toBe(11);
    metrics.removeWorker(1);
    expect(metrics.value('lb_listener_connections', ['web'])).toBe(6);
    expect((await text(metrics)).filter((line) => line.startsWith('lb_worker_rss'))).toEqual([]);
  });

  test.each<[string, MetricsDelta]>([
    ['an unknown metric', delta(0, [{ metric: 'lb_nonsense', labels: [] }], [])],
    ['a cell that is not defined', delta(0, [], [[9, 1]])],
    ['a gap in the series numbers', delta(3, [REQUESTS], [])],
    ['too few labels', delta(0, [{ metric: REQUESTS.metric, labels: ['web'] }], [[0, 1]])],
    ['a counter that goes down', delta(0, [REQUESTS], [[0, -1]])],
    ['a value that is not a number', delta(0, [REQUESTS], [[0, Number.NaN]])],
    ['a name of Object.prototype', delta(0, [{ metric: 'constructor', labels: [] }], [])],
    ['cells without values', { ...delta(0, [REQUESTS], [[0, 1]]), values: new Float64Array(0) }],
  ])('%s is left out and counted', (_case, malformed) => {
    const metrics = aggregate();
    metrics.applyDelta(1, malformed);
    expect(metrics.malformedDeltas).toBe(1);
    expect(metrics.total('lb_http_requests_total')).toBe(0);
  });

  test('cells from before an unknown metric stay readable', () => {
    const metrics = aggregate();
    const unknown = { metric: 'lb_from_a_newer_worker', labels: [] };
    metrics.applyDelta(
      1,
      delta(
        0,
        [REQUESTS, unknown, OPEN],
        [
          [0, 1],
          [1, 7],
        ],
      ),
    );
    expect(metrics.value('lb_http_requests_total', REQUESTS.labels)).toBe(1);
    expect(metrics.value('lb_listener_connections', ['web'])).toBe(0);
  });

  test('a series with wrong labels does not shift those after it', () => {
    const metrics = aggregate();
    const wrong = { metric: DURATION.metric, labels: [] };
    const first = DURATION_BUCKETS_SECONDS.length + 2;
    metrics.applyDelta(1, delta(0, [wrong, REQUESTS], [[first, 2]]));
    expect(metrics.value('lb_http_requests_total', REQUESTS.labels)).toBe(2);
  });
});

describe('seeding', () => {
  test('every metric of the catalog without a worker label has a series from the start', async () => {
    const metrics = aggregate();
    metrics.seed(snapshot(['a:1', 'b:1']));
    const lines = await text(metrics);
    const missing = Object.entries(METRICS)
      .filter(([, { labels }]) => !labels.includes('worker'))
      .map(([name, { type }]) => (type === 'histogram' ? `${name}_count` : name))
      .filter((name) => !lines.some((line) => line.split(/[{ ]/)[0] === name));
    expect(missing).toEqual([]);
  });

  test('keeps what was counted', () => {
    const metrics = aggregate();
    metrics.applyDelta(1, delta(0, [REQUESTS], [[0, 2]]));
    metrics.seed(snapshot(['a:1']));
    expect(metrics.value('lb_http_requests_total', REQUESTS.labels)).toBe(2);
  });

  test('drops the gauges of removed backends and keeps their counters', async () => {
    const metrics = aggregate();
    metrics.seed(snapshot(['a:1', 'b:1']));
    metrics.seed(snapshot(['a:1']));
    const lines = (await text(metrics)).filter((line) => line.includes('backend="b:1"'));
    expect(lines.some((line) => line.startsWith('lb_backend_requests_total'))).toBe(true);
    expect(lines.filter((line) => /^lb_backend_(up|state|weight|in_flight)/.test(line))).toEqual(
      [],
    );
  });

  test('a removed listener shows its connections until they are closed', async () => {
    const metrics = aggregate();
    const shown = async (): Promise<string[]> =>
      (await text(metrics)).filter((line) => line.startsWith('lb_listener_connections{'));
    metrics.seed(snapshot(['a:1']));
    metrics.applyDelta(1, delta(0, [OPEN], [[0, 2]]));
    metrics.seed(snapshot(['a:1'], 'other'));
    expect(await shown()).toContain('lb_listener_connections{listener="web"} 2');
    metrics.applyDelta(1, delta(1, [], [[0, 0]]));
    expect(await shown()).toEqual(['lb_listener_connections{listener="other"} 0']);
  });

  test('a worker goes on counting into a gauge that was away for a reload', () => {
    const metrics = aggregate();
    metrics.seed(snapshot(['a:1']));
    metrics.applyDelta(1, delta(0, [OPEN], [[0, 2]]));
    metrics.seed(snapshot(['a:1'], 'other'));
    metrics.seed(snapshot(['a:1']));
    metrics.applyDelta(1, delta(1, [], [[0, 9]]));
    expect(metrics.value('lb_listener_connections', ['web'])).toBe(9);
  });

  test('health gauges follow the states: unknown counts as up', () => {
    const metrics = aggregate();
    const { pools } = snapshot(['a:1', 'b:1']);
    for (const pool of pools)
      setBackendGauges(metrics, pool, {
        effectiveOf: (_, { slot, weight }) => ({ state: slot === 0 ? 'down' : 'unknown', weight }),
        slowStarts: { progressOf: () => undefined },
      });
    expect(metrics.value('lb_backend_up', ['app', 'a:1'])).toBe(0);
    expect(metrics.value('lb_backend_state', ['app', 'a:1', 'down'])).toBe(1);
    expect(metrics.value('lb_backend_state', ['app', 'b:1', 'up'])).toBe(1);
    expect(metrics.value('lb_pool_backends', ['app'])).toBe(2);
    expect(metrics.value('lb_pool_available_backends', ['app'])).toBe(1);
  });

  test('the effective weight of a backend in slow start is the part that it has reached', () => {
    const metrics = aggregate();
    for (const pool of snapshot(['a:1', 'b:1']).pools)
      setBackendGauges(metrics, pool, {
        effectiveOf: () => ({ state: 'up', weight: 4 }),
        slowStarts: {
          progressOf: (slot) => (slot === 0 ? { leftMs: 1, share: 0.25 } : undefined),
        },
      });
    expect(metrics.value('lb_backend_effective_weight', ['app', 'a:1'])).toBe(1);
    expect(metrics.value('lb_backend_effective_weight', ['app', 'b:1'])).toBe(4);
  });
});

test('a metric with the wrong number of labels is a bug and throws', () => {
  expect(() => aggregate().add('lb_events_total', [])).toThrow(RangeError);
});
