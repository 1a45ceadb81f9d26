/** The charts of the whole instance. */
import type { StatusReply } from '@lb/shared/admin-api/contract';
import type { LiveView } from '../live/live.ts';
import { formatCount, formatMs, formatRate, formatShare } from '../model/format.ts';
import { Chart, type Line } from './chart.tsx';
import { RangeChoice } from './range-choice.tsx';

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

export interface ChartsProps extends Pick<LiveView, 'history' | 'range' | 'warning'> {
  readonly status: StatusReply | null;
}

export function Charts({ history, range, warning, status }: ChartsProps) {
  const shared = { history, range };
  return (
    <section aria-label={`The last ${range.words}`}>
      <RangeChoice
        range={range}
        hasDatabase={(status?.persist ?? null) !== null}
        warning={warning}
      />
      <div class="charts">
        <Chart title="Requests/s" lines={RATE} {...shared} format={formatRate} leastTop={10} />
        <Chart title="Latency" lines={LATENCY} {...shared} format={formatMs} leastTop={2} />
        <Chart title="Errors" lines={ERRORS} {...shared} format={formatShare} leastTop={0.05} />
        <Chart title="Load" lines={LOAD} {...shared} format={formatCount} leastTop={10} />
      </div>
    </section>
  );
}
