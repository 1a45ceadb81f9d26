/** What a worker has counted, put together from the deltas that it sent. */
import type { ToPrimary } from '@lb/shared/ipc/messages';
import { HISTOGRAM_CELLS, METRICS, type MetricName } from '@lb/shared/metrics/catalog';

interface Series {
  readonly metric: string;
  readonly labels: readonly string[];
  readonly cell: number;
}

/** Sum over the series of a counter or gauge whose labels include all of these. */
export function metricTotal(
  messages: readonly ToPrimary[],
  metric: MetricName,
  ...labels: readonly string[]
): number {
  const series: Series[] = [];
  const totals = new Map<number, number>();
  const isGauge = METRICS[metric].type === 'gauge';
  let nextCell = 0;
  for (const message of messages) {
    if (message.type !== 'metrics') continue;
    for (const definition of message.series) {
      series.push({ ...definition, cell: nextCell });
      const { type } = METRICS[definition.metric as MetricName];
      nextCell += type === 'histogram' ? HISTOGRAM_CELLS : 1;
    }
    for (const [place, cell] of message.cells.entries()) {
      const value = message.values[place] ?? 0;
      totals.set(cell, isGauge ? value : (totals.get(cell) ?? 0) + value);
    }
  }
  return series
    .filter((one) => one.metric === metric && labels.every((label) => one.labels.includes(label)))
    .reduce((sum, { cell }) => sum + (totals.get(cell) ?? 0), 0);
}
