/** The report of a run, as Markdown: facts, goals, one table for each scenario. */
import type { Options } from '../options.ts';
import type { Result } from '../scenarios/scenario.ts';
import { goalTable } from './goals.ts';
import type { Facts } from './machine.ts';
import { formatTable } from './table.ts';

/** The measured parts, without a line end at the end. */
export function formatReport(facts: Facts, options: Options, results: readonly Result[]): string {
  const list = Object.entries(facts).map(([name, value]) => `- ${name}: ${value}`);
  const { starts, rounds: each, seconds } = options;
  const rounds = `- rounds: ${starts} x ${each} of ${seconds} s for each contestant`;
  const goals = goalTable(results);
  return [
    [...list, rounds].join('\n'),
    ...(goals.rows.length > 0 ? ['### Numbers to hold', formatTable(goals)] : []),
    ...results.flatMap(formatResult),
  ].join('\n\n');
}

function formatResult({ scenario, about, table }: Result): string[] {
  return [`### ${scenario}: ${about}`, formatTable(table)];
}
