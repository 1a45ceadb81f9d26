/** A real Prometheus on a running lbctl: it takes what it is given, and every alert and board of deploy/ can be asked of it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dirname } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { type Prometheus, promtool, startPrometheus } from '../support/prometheus.ts';
import { startBackend } from '../support/running-lbctl.ts';
import { ALERTS, shippedQueries } from '../support/shipped-queries.ts';

const OPENMETRICS = 'application/openmetrics-text;version=1.0.0';

let lb: Instance;
let backend: Awaited<ReturnType<typeof startBackend>>;
let prometheus: Prometheus;
let metricsUrl: string;

beforeAll(async () => {
  backend = await startBackend(({ url }, response) => {
    response.statusCode = url === '/bad' ? 500 : 200;
    response.end('x'.repeat(5_000));
  });
  lb = await startLbctl(`
workers: 2
listeners: [{ name: web, bind: 127.0.0.1:0 }]
rateLimits: { per-client: { rate: 20/s, burst: 20 } }
caches: { kept: {} }
routes:
  - { name: limited, match: { paths: [/limited] }, pool: web, rateLimit: [per-client] }
  - { name: all, pool: web, cache: kept, compress: {} }
pools:
  web:
    circuitBreaker: {}
    sticky: { mode: cookie }
    backends: [{ url: "${backend.url}", name: b0, maxConnections: 50 }]
`);
  const address = /"admin":"([^"]+)"/.exec(lb.log())?.[1] ?? '';
  metricsUrl = `http://${address}/metrics`;
  for (const path of ['/', '/?x', '/bad', ...Array<string>(40).fill('/limited')]) {
    const answer = await fetch(`http://127.0.0.1:${lb.port}${path}`);
    await answer.arrayBuffer();
  }
  prometheus = await startPrometheus([address], ALERTS);
}, 60_000);

afterAll(async () => {
  await prometheus[Symbol.asyncDispose]();
  await lb[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

async function scrape(accept: string): Promise<string> {
  return (await fetch(metricsUrl, { headers: { accept } })).text();
}

test('promtool has nothing to say about the metrics of an instance with traffic', async () => {
  const page = await scrape('text/plain');
  expect(page).toContain('lb_worker_event_loop_delay_seconds');
  expect(await promtool(['check', 'metrics'], page)).toEqual({ code: 0, said: '' });
});

test('promtool finds the alerts and the configuration in order, and they fire when they should', async () => {
  const folder = dirname(ALERTS);
  for (const args of [
    ['check', 'rules', ALERTS],
    ['check', 'config', `${folder}/prometheus.yaml`],
    ['test', 'rules', `${folder}/alerts.test.yaml`],
  ])
    expect(await promtool(args)).toMatchObject({ code: 0 });
});

describe('Prometheus', () => {
  test('scrapes the instance, and answers what clients saw', async () => {
    await eventually(async () => {
      const [up] = await prometheus.query('up{job="lbctl"}');
      expect(up?.value[1]).toBe('1');
      const [requests] = await prometheus.query('sum(lb_http_requests_total)');
      expect(requests?.value[1]).toBe('43');
    }, 20_000);
    const [errors] = await prometheus.query('sum(lb_http_requests_total{code="500",route="all"})');
    expect(errors?.value[1]).toBe('1');
    const [denied] = await prometheus.query('lb_ratelimit_decisions_total{result="deny"}');
    const [limited] = await prometheus.query('sum(lb_http_requests_total{code="429"})');
    expect(denied?.value[1]).toBe(limited?.value[1]);
    const buckets = await prometheus.query('lb_backend_response_seconds_bucket{le="+Inf"}');
    const counts = await prometheus.query('lb_backend_response_seconds_count');
    expect(buckets[0]?.value[1]).toBe(counts[0]?.value[1]);
  }, 30_000);

  test('reads as many series out of the one format as there are in the other', async () => {
    const lines = async (accept: string): Promise<number> =>
      (await scrape(accept)).split('\n').filter((line) => line.startsWith('lb_')).length;
    const [scraped] = await prometheus.query('scrape_samples_scraped{job="lbctl"}');
    expect(await lines('text/plain')).toBe(await lines(OPENMETRICS));
    expect(Number(scraped?.value[1])).toBe(await lines(OPENMETRICS));
  });

  test('runs every query of the alerts and boards', async () => {
    const failures: string[] = [];
    for (const { name, expression } of shippedQueries())
      await prometheus
        .query(expression)
        .catch((error: unknown) => failures.push(`${name}: ${String(error)}`));
    expect(failures).toEqual([]);
  });

  test('has the rules, and none of them fails', async () => {
    await eventually(async () => {
      const { groups } = await prometheus.get<{
        groups: { rules: { name: string; health: string }[] }[];
      }>('/api/v1/rules');
      const rules = groups.flatMap((group) => group.rules);
      expect(rules.length).toBeGreaterThan(15);
      expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    }, 20_000);
  });
});
