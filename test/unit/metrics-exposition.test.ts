import { describe, expect, test } from '@jest/globals';
import { DURATION_BUCKETS_SECONDS, METRICS } from '@lb/shared/metrics/catalog';
import fc from 'fast-check';
import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from 'prom-client';
import { aggregate, page, text } from '../support/metrics-page.ts';

const POOL = fc.string({ unit: 'binary' });
const BACKEND = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"', '\\', '\n', '\\n'));
const NUMBER = fc.oneof(fc.double({ noNaN: true }), fc.nat());

describe('exposition', () => {
  test('a histogram has cumulative buckets, sum and count', async () => {
    const metrics = aggregate();
    for (const seconds of [0.001, 0.002, 0.7, 99])
      metrics.observe('lb_health_check_seconds', ['app'], seconds);
    const lines = (await text(metrics)).filter((line) =>
      line.startsWith('lb_health_check_seconds'),
    );
    expect(lines).toEqual([
      'lb_health_check_seconds_bucket{le="0.001",pool="app"} 1',
      ...['0.0025', '0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5'].map(
        (le) => `lb_health_check_seconds_bucket{le="${le}",pool="app"} 2`,
      ),
      ...['1', '2.5', '5', '10', '30'].map(
        (le) => `lb_health_check_seconds_bucket{le="${le}",pool="app"} 3`,
      ),
      'lb_health_check_seconds_bucket{le="+Inf",pool="app"} 4',
      'lb_health_check_seconds_sum{pool="app"} 99.703',
      'lb_health_check_seconds_count{pool="app"} 4',
    ]);
  });

  test('label values are escaped', async () => {
    const metrics = aggregate();
    metrics.add('lb_events_total', ['a"b\\c\nd']);
    expect(await text(metrics)).toContain('lb_events_total{type="a\\"b\\\\c\\nd"} 1');
  });

  test('is OpenMetrics when the scraper prefers it', async () => {
    const metrics = aggregate();
    metrics.add('lb_events_total', ['reload'], 2);
    const accept =
      'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
    const { contentType, body } = await page(metrics, accept);
    expect(contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(body).toContain('# TYPE lb_events counter\nlb_events_total{type="reload"} 2\n');
    expect(body.endsWith('\n# EOF\n')).toBe(true);
  });

  test('no two families of the OpenMetrics page have one name', async () => {
    const names = (await text(aggregate(), 'application/openmetrics-text'))
      .filter((line) => line.startsWith('# TYPE '))
      .map((line) => line.split(' ')[2]);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('lb_listener_connections_total');
  });

  test.each([undefined, '*/*', 'text/plain', 'text/plain, application/openmetrics-text;q=0.5'])(
    'is the text format for Accept: %s',
    (accept) => {
      const { contentType } = aggregate().expose(accept);
      expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    },
  );

  test('a gauge with quantiles is a summary', async () => {
    const metrics = aggregate();
    metrics.set('lb_worker_event_loop_delay_seconds', ['0', '0.99'], 0.02);
    expect((await page(metrics)).body).toContain(
      '# TYPE lb_worker_event_loop_delay_seconds summary\nlb_worker_event_loop_delay_seconds{worker="0",quantile="0.99"} 0.02\n',
    );
  });

  test('a scraper that is slow has no effect on another', async () => {
    const metrics = aggregate();
    const slow = metrics.expose(undefined).pieces[Symbol.asyncIterator]();
    await slow.next();
    metrics.add('lb_events_total', ['reload']);
    expect(await text(metrics)).toContain('lb_events_total{type="reload"} 1');
    expect(await text(metrics, 'application/openmetrics-text')).toContain(
      '# TYPE lb_events counter',
    );
  });

  test.each(['text/plain', 'application/openmetrics-text'])(
    'has the lines that prom-client would write, in %s',
    async (accept) => {
      await fc.assert(
        fc.asyncProperty(POOL, BACKEND, NUMBER, fc.nat(), async (pool, backend, value, count) => {
          const metrics = aggregate();
          metrics.set('lb_backend_weight', [pool, backend], value);
          metrics.add('lb_health_checks_total', [pool, backend, 'ok'], count);
          const written = await text(metrics, accept);
          expect(written).toEqual(
            expect.arrayContaining(await libraryLines(accept, { pool, backend, value, count })),
          );
        }),
      );
    },
  );

  test('a histogram is the one of prom-client', async () => {
    await fc.assert(
      fc.asyncProperty(
        POOL,
        fc.array(fc.double({ noNaN: true, min: 0, max: 100 })),
        async (pool, seconds) => {
          const metrics = aggregate();
          const histogram = new Histogram({
            name: 'lb_health_check_seconds',
            help: METRICS.lb_health_check_seconds.help,
            labelNames: ['pool'],
            buckets: [...DURATION_BUCKETS_SECONDS],
            registers: [],
          });
          metrics.ensure('lb_health_check_seconds', [pool]);
          histogram.zero({ pool });
          for (const each of seconds) {
            metrics.observe('lb_health_check_seconds', [pool], each);
            histogram.observe({ pool }, each);
          }
          const registry = new Registry();
          registry.registerMetric(histogram);
          expect(await text(metrics)).toEqual(
            expect.arrayContaining((await registry.metrics()).trimEnd().split('\n')),
          );
        },
      ),
    );
  });
});

interface Values {
  readonly pool: string;
  readonly backend: string;
  readonly value: number;
  readonly count: number;
}

/** What prom-client's own metrics say. */
async function libraryLines(accept: string, values: Values): Promise<string[]> {
  const { pool, backend, value, count } = values;
  const registry = new Registry<OpenMetricsContentType>();
  if (accept !== 'text/plain') registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const registers: Registry<OpenMetricsContentType>[] = [registry];
  const weight = new Gauge({
    name: 'lb_backend_weight',
    help: METRICS.lb_backend_weight.help,
    labelNames: METRICS.lb_backend_weight.labels,
    registers,
  });
  weight.set({ pool, backend }, value);
  const checks = new Counter({
    name: 'lb_health_checks_total',
    help: METRICS.lb_health_checks_total.help,
    labelNames: METRICS.lb_health_checks_total.labels,
    registers,
  });
  checks.inc({ pool, backend, result: 'ok' }, count);
  return (await registry.metrics())
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '');
}
