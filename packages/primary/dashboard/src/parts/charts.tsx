/** The charts of the whole instance. */
import { formatCount, formatMs, formatRate, formatShare } from '../model/format.ts';
import type { ChartHistory } from '../model/history.ts';
import { Chart, type Line } from './chart.tsx';

const RATE: readonly Line[] = [
  { name: 'all', column: 'requestsPerSecond', colour: '--line-1', dash: [], isFilled: true },
];
const LATENCY: readonly Line[] = [
  { name: 'p50', column: 'p50Ms', colour: '--line-1', dash: [] },
  { name: 'p95', column: 'p95Ms', colour: '--line-2', dash: [6, 2] },
  { name: 'p99', column: 'p99Ms', colour: '--line-3', dash: [2, 2] },
];
const ERRORS: readonly Line[] = [
  { name: 'share', column: 'errorRate', colour: '--bad', dash: [], isFilled: true },
];
const LOAD: readonly Line[] = [
  { name: 'connections', column: 'connections', colour: '--line-1', dash: [] },
  { name: 'in flight', column: 'inFlight', colour: '--line-2', dash: [6, 2] },
];

export function Charts({ history }: { readonly history: ChartHistory }) {
  return (
    <section class="charts" aria-label="The last 15 minutes">
      <Chart title="Requests/s" lines={RATE} history={history} format={formatRate} leastTop={10} />
      <Chart title="Latency" lines={LATENCY} history={history} format={formatMs} leastTop={2} />
      <Chart title="Errors" lines={ERRORS} history={history} format={formatShare} leastTop={0.05} />
      <Chart title="Load" lines={LOAD} history={history} format={formatCount} leastTop={10} />
    </section>
  );
}
