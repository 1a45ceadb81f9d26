/** The numbers that lbctl is held to, and whether this run held them. */
import type { Result } from '../scenarios/scenario.ts';
import { formatNumber, formatSpread, type Spread } from './statistics.ts';
import type { Table } from './table.ts';

interface Goal {
  readonly text: string;
  /** Scenario, and a figure that its result has. */
  readonly scenario: string;
  readonly figure: string;
  readonly atMost: number;
  readonly digits: number;
}

const GOALS: readonly Goal[] = [
  ratio('CPU per request, lbctl : nginx', 'small', 'lbctl : nginx', 1.8),
  ratio('CPU per request, lbctl : raw sockets', 'small', 'lbctl : raw-sockets', 1.3),
  ratio('CPU per request, lbctl : caddy', 'small', 'lbctl : caddy', 1 / 2.5),
  ratio('CPU per request, lbctl : http-proxy-3', 'small', 'lbctl : http-proxy-3', 1 / 4),
  ratio('CPU per hit of 1 KiB, lbctl : Node', 'cache-1k', 'lbctl : node-hello', 1.4),
  ratio('CPU per hit of 1 KiB, lbctl : nginx', 'cache-1k', 'lbctl : nginx proxy_cache', 2),
  ratio('CPU per hit of 100 KiB, lbctl : Node', 'cache-100k', 'lbctl : node-hello', 1.4),
  ratio('CPU per hit of 100 KiB, lbctl : nginx', 'cache-100k', 'lbctl : nginx proxy_cache', 2),
  ratio('CPU per 304 : per 200 of 1 KiB', 'cache-304', 'lbctl-304 : lbctl-200', 1),
  ratio('access log on : off', 'log', 'lbctl-access-log : lbctl', 1.15),
  {
    text: 'KiB of an idle connection',
    scenario: 'rss',
    figure: 'lbctl connection KiB',
    atMost: 8,
    digits: 1,
  },
  {
    text: 'MB of a worker at rest',
    scenario: 'rss',
    figure: 'lbctl worker MB',
    atMost: 70,
    digits: 0,
  },
];

/** The goals that this run says something about; judged by the median. */
export function goalTable(results: readonly Result[]): Table {
  const rows = GOALS.flatMap((goal) => {
    const measured = figureOf(results, goal);
    if (measured === undefined) return [];
    const { text, atMost, digits } = goal;
    const verdict = measured.median <= atMost ? 'yes' : 'no';
    return [[text, formatNumber(atMost, digits), formatSpread(measured, digits), verdict]];
  });
  return { columns: ['goal', 'at most', 'min / median / max', 'held'], rows };
}

function figureOf(results: readonly Result[], { scenario, figure }: Goal): Spread | undefined {
  const measured = results.find((result) => result.scenario === scenario)?.figures[figure];
  return measured === undefined || Number.isNaN(measured.median) ? undefined : measured;
}

function ratio(text: string, scenario: string, figure: string, atMost: number): Goal {
  return { text, scenario, figure, atMost, digits: 2 };
}
