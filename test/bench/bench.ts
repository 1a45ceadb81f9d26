/**
 * `npm run bench`: lbctl and its peers, side by side on the same backends, interleaved in short rounds. Only ratios within
 * one run count; docs/performance.md says how to read them, `--help` what can be measured.
 */
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { Arena } from './arena.ts';
import { helpText, type Options, readOptions, UsageError } from './options.ts';
import { type Facts, machineFacts } from './report/machine.ts';
import { writeMeasured } from './report/page.ts';
import { formatReport } from './report/report.ts';
import { SCENARIOS } from './scenarios/registry.ts';
import type { Result } from './scenarios/scenario.ts';
import { findTool, missingTools } from './tools.ts';

const PAGE = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const LATEST = fileURLToPath(new URL('results/latest.json', import.meta.url));

/** The run was asked to stop by a signal. */
class Interrupted extends Error {}

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2), SCENARIOS);
    if (options === undefined) {
      console.log(helpText(SCENARIOS));
      return 0;
    }
    requirements();
    const facts = machineFacts();
    const results = await measure(options);
    publish(facts, options, results);
    return 0;
  } catch (error) {
    if (error instanceof Interrupted) return 130;
    console.error(error instanceof UsageError ? `bench: ${error.message}` : error);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** @throws UsageError when nothing can be measured here */
function requirements(): void {
  const missing = missingTools();
  if (missing?.isFatal) throw new UsageError(missing.line);
  if (missing !== undefined) console.error(`bench: ${missing.line}`);
  if (os.availableParallelism() < 2)
    throw new UsageError('two CPUs are needed: one for the contestant, one for load and backends');
}

async function measure(options: Options): Promise<readonly Result[]> {
  await using arena = await Arena.open(options);
  return await Promise.race([runAll(arena), interrupted()]);
}

async function runAll(arena: Arena): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const scenario of arena.options.scenarios) {
    if (scenario.needs !== undefined && findTool(scenario.needs) === undefined) continue;
    console.error(`bench: ${scenario.name}: ${scenario.about}`);
    results.push(await scenario.run(arena));
  }
  return results;
}

/** Rejects with the first signal, so that everything that runs is stopped on the way out. */
function interrupted(): Promise<never> {
  return new Promise((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.once(signal, () => reject(new Interrupted(signal)));
  });
}

function publish(facts: Facts, options: Options, results: readonly Result[]): void {
  const report = formatReport(facts, options, results);
  console.log(report);
  const { starts, rounds, seconds } = options;
  writeFileSync(
    LATEST,
    `${JSON.stringify({ facts, starts, rounds, seconds, results }, null, 2)}\n`,
  );
  if (options.writesPage) writeMeasured(PAGE, 'npm run bench -- --write', report);
}
