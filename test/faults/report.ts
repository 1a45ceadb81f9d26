/** The report of a run, as Markdown: facts, and one table for each group of cases. */
import type { Facts } from '../bench/report/machine.ts';
import { formatTable } from '../bench/report/table.ts';
import type { Result } from './cases/case.ts';
import type { Options } from './options.ts';

/** Without a line end at the end. */
export function formatReport(facts: Facts, options: Options, results: readonly Result[]): string {
  const list = Object.entries(facts).map(([name, value]) => `- ${name}: ${value}`);
  const load = `- load: ${options.requests} GETs, ${options.rate} requests a second`;
  const groups = [...new Set(results.map(({ group }) => group))];
  return [
    [...list, load].join('\n'),
    ...groups.flatMap((group) => [
      `### ${group}`,
      tableOf(results.filter((result) => result.group === group)),
    ]),
  ].join('\n\n');
}

function tableOf(results: readonly Result[]): string {
  const names = [...new Set(results.flatMap(({ figures }) => Object.keys(figures)))];
  return formatTable({
    columns: ['case', 'balancer', ...names, 'held'],
    rows: results.map((result) => [
      result.case,
      result.rig,
      ...names.map((name) => formatFigure(result.figures[name])),
      result.broken.length === 0 ? 'yes' : 'no',
    ]),
  });
}

/** Whole numbers as they are, others with one decimal. */
function formatFigure(value = Number.NaN): string {
  if (Number.isNaN(value)) return '-';
  if (value === Number.POSITIVE_INFINITY) return 'never';
  return Number.isInteger(value) || value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
