/** One picture of `lbctl top`: lines of text, made of a sample and of what the user has chosen. */
import type { StatsSample, TrafficReply } from '@lb/shared/admin-api/statistics';
import { milliseconds, percent } from '../numbers.ts';
import type { Output, Paint } from '../output.ts';
import { formatTable } from '../table.ts';
import { type Row, rowsOf, SORT_KEYS, targetOf } from './rows.ts';
import type { TopState } from './top-state.ts';

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

/** Lines besides the backends: two of totals, an empty one, the titles, an empty one, the last. */
const OTHER_LINES = 6;

/** Everything, however much it is: what `--once` prints. */
export function plainFrame(sample: StatsSample, state: TopState): string[] {
  return [...headLines(sample), '', ...tableLines(rowsOf(sample, state))];
}

/** A screen of exactly this size or less; the row under the cursor is always on it. */
export function screenFrame(
  state: TopState,
  { columns, rows: height }: FrameSize,
  output: Pick<Output, 'paint'>,
): string[] {
  const { sample } = state;
  const clip = (line: string): string => line.slice(0, columns);
  if (sample === undefined) return [clip('waiting for the first sample ...')];
  const rows = rowsOf(sample, state);
  const [titles = '', ...lines] = tableLines(rows);
  const room = Math.max(1, height - OTHER_LINES);
  const cursor = rows.findIndex((row) => targetOf(row) === state.cursor);
  const first = Math.max(0, Math.min(cursor - Math.floor(room / 2), lines.length - room));
  const shown = lines.slice(first, first + room).map((line, index) => {
    const row = rows[first + index];
    const isUnderCursor = first + index === cursor;
    const text = clip(`${isUnderCursor ? '>' : ' '} ${line}`);
    return paintedRow(text, row, isUnderCursor, output);
  });
  const [totals, more] = headLines(sample);
  return [
    output.paint(clip(totals), 'bold'),
    clip(more),
    '',
    output.paint(clip(`  ${titles}`), 'bold'),
    ...shown,
    '',
    output.paint(clip(bottomLine(state, rows.length)), 'dim'),
  ].slice(-height);
}

const PAINTS: Readonly<Record<Row['state'], Paint | undefined>> = {
  up: undefined,
  down: 'red',
  ejected: 'red',
  draining: 'yellow',
  maintenance: 'yellow',
};

function paintedRow(
  text: string,
  row: Row | undefined,
  isUnderCursor: boolean,
  output: Pick<Output, 'paint'>,
): string {
  const paint = isUnderCursor ? 'reverse' : PAINTS[row?.state ?? 'up'];
  return paint === undefined ? text : output.paint(text, paint);
}

function headLines({ at, totals, pools }: StatsSample): [string, string] {
  const { connections, inFlight } = totals;
  const backends = pools.reduce((sum, pool) => sum + pool.backends.length, 0);
  const available = pools.reduce((sum, pool) => sum + pool.available, 0);
  return [
    `lbctl top  ${at.slice(0, 19)}Z  ${trafficText(totals)}`,
    `${connections} connections  ${inFlight} in flight  ${available}/${backends} backends available`,
  ];
}

function trafficText({ requestsPerSecond, errorRate, p50Ms, p95Ms, p99Ms }: TrafficReply): string {
  const quantiles = `p50 ${milliseconds(p50Ms)}  p95 ${milliseconds(p95Ms)}  p99 ${milliseconds(p99Ms)}`;
  return `${requestsPerSecond.toFixed(1)} req/s  ${percent(errorRate)} errors  ${quantiles}`;
}

function tableLines(rows: readonly Row[]): string[] {
  const titles = SORT_KEYS.slice(1).map((title) => title.toUpperCase());
  const columns = titles.map((title) => ({
    title,
    align: title === 'STATE' ? ('left' as const) : ('right' as const),
  }));
  return formatTable(
    [{ title: 'POOL' }, { title: 'BACKEND' }, ...columns],
    rows.map((row) => [
      row.pool,
      row.name,
      row.breaker === null || row.breaker === 'closed'
        ? row.state
        : `${row.state} (${row.breaker})`,
      `${row.effectiveWeight}`,
      `${row.inFlight}`,
      row.requestsPerSecond.toFixed(1),
      milliseconds(row.p50Ms),
      milliseconds(row.p95Ms),
      milliseconds(row.p99Ms),
      percent(row.errorRate),
    ]),
  );
}

function bottomLine(state: TopState, rows: number): string {
  const { mode, message, lost, sortBy, isReversed, filter } = state;
  if (lost !== '') return lost;
  switch (mode.kind) {
    case 'filter':
      return `filter: ${mode.text}_   enter keeps it, escape shows all`;
    case 'weight':
      return `weight of ${mode.target}: ${mode.text}_   enter sets it, escape does not`;
    case 'confirm':
      return `${mode.words} ${mode.target}? y/n`;
    case 'browse': {
      if (message !== '') return message;
      const filtered = filter === '' ? '' : `  filter "${filter}"`;
      const order = `by ${sortBy}${isReversed ? ', reversed' : ''}`;
      return `q quit  s sort  r reverse  / filter  d drain  e enable  x disable  w weight   ${rows} ${order}${filtered}`;
    }
  }
}
