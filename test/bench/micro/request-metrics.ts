/** Counting a request that is over. */
import { Cells } from '@lb/worker/internal/metrics/cells';
import { BackendMetrics, RouteMetrics } from '@lb/worker/internal/metrics/request-metrics';
import type { Benchmark } from './benchmark.ts';

const cells = new Cells();
const histogram = cells.series('lb_http_request_duration_seconds', 'alone');
const route = new RouteMetrics(cells, 'api');
const backend = new BackendMetrics(cells, 'web', '127.0.0.1:9001');

/** Mostly quick, as answers are. */
const DURATIONS_MS = [0.3, 0.6, 0.9, 1.2, 1.8, 3, 4, 8, 20, 45, 120, 700];
const requests = DURATIONS_MS.map((totalMs, i) => ({
  listener: 'web',
  method: ['GET', 'POST', 'PUT', 'DELETE'][i % 4] ?? '',
  status: [200, 304, 404][i % 3] ?? 0,
  totalMs,
  upstreamMs: totalMs * 0.9,
  requestBytes: 0,
  responseBytes: 110,
}));

/** Takes the elements in turn. */
function each<T>(elements: readonly T[], use: (element: T) => void): (times: number) => void {
  return (times) => {
    let next = 0;
    for (let i = 0; i < times; i++) {
      const element = elements[next];
      if (element !== undefined) use(element);
      next = next + 1 === elements.length ? 0 : next + 1;
    }
  };
}

export const requestMetrics: readonly Benchmark[] = [
  { name: 'observe a duration', run: each(DURATIONS_MS, (ms) => cells.observe(histogram, ms)) },
  { name: 'count a request of a route', run: each(requests, (done) => route.finished(done)) },
  {
    name: 'count an answer of a backend',
    run: each(requests, ({ status, totalMs }) => backend.answered(status, totalMs)),
  },
];
