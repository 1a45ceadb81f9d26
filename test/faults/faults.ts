/**
 * `npm run test:faults`: what clients lose while backends, workers and networks fail. An open-loop client, the balancer and the
 * backends each write a log; they are joined by the ids of requests, and every request falls into exactly one class
 * (judge.ts). Exits with 1 when something had to hold and did not. docs/reliability.md says how to read the tables.
 *
 *     client (open loop) ──▶ lbctl | nginx | haproxy ──▶ 3 backends that do as they are told
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { familyOf } from '../bench/proc.ts';
import { machineFacts } from '../bench/report/machine.ts';
import { writeMeasured } from '../bench/report/page.ts';
import type { Case, Findings, Result } from './cases/case.ts';
import { CASES } from './cases/registry.ts';
import { helpText, type Options, readOptions, UsageError } from './options.ts';
import { formatReport } from './report.ts';
import type { Rig } from './rigs/rig.ts';
import { RIGS } from './rigs/peers.ts';

const RESULTS = fileURLToPath(new URL('results/', import.meta.url));
const PAGE = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url));
const COMMAND = 'npm run test:faults -- --peers --write-docs';

/** The run was asked to stop by a signal. */
class Interrupted extends Error {}

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2), CASES, RIGS);
    if (options === undefined) {
      console.log(helpText(CASES));
      return 0;
    }
    const facts = machineFacts();
    const results = await Promise.race([runAll(options), interrupted()]);
    const report = formatReport(facts, options, results);
    console.log(report);
    mkdirSync(RESULTS, { recursive: true });
    const { requests, rate } = options;
    const latest = { facts, requests, rate, results };
    writeFileSync(`${RESULTS}latest.json`, `${JSON.stringify(latest, null, 2)}\n`);
    if (options.writesDocs) writeMeasured(PAGE, COMMAND, report);
    return results.some(({ rig, broken }) => rig === 'lbctl' && broken.length > 0) ? 1 : 0;
  } catch (error) {
    if (error instanceof Interrupted) return endAll();
    console.error(error instanceof UsageError ? `faults: ${error.message}` : error);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Rejects with the first signal. */
function interrupted(): Promise<never> {
  return new Promise((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.once(signal, () => reject(new Interrupted(signal)));
  });
}

/** A balancer that stays would spoil every run to come. */
function endAll(): never {
  for (const pid of familyOf(process.pid).slice(1)) process.kill(pid, 'SIGKILL');
  process.exit(130);
}

async function runAll(options: Options): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const one of options.cases) {
    const obstacle = one.obstacle?.();
    if (obstacle !== undefined) console.error(`faults: ${one.name} skipped: ${obstacle}`);
    else for (const rig of rigsFor(one, options)) results.push(await runOne(one, rig, options));
  }
  return results;
}

function rigsFor({ isOwn = false }: Case, { rigs }: Options): readonly Rig[] {
  return rigs.filter((rig, place) => (place === 0 || !isOwn) && rig.isInstalled());
}

async function runOne(one: Case, rig: Rig, { requests, rate }: Options): Promise<Result> {
  const { name, group } = one;
  console.error(`faults: ${name}, ${rig.name}`);
  const findings = await one.run({ rig, requests, rate }).catch(unfinished);
  for (const what of findings.broken) console.error(`faults: ${name}, ${rig.name}: ${what}`);
  return { case: name, group, rig: rig.name, ...findings };
}

/** A case that could not be run to its end has held nothing; the others go on. */
function unfinished(error: unknown): Findings {
  return { figures: {}, broken: [error instanceof Error ? error.message : String(error)] };
}
