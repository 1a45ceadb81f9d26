/**
 * `npm run bench:micro [-- FILTER]`: nanoseconds of single steps of the data path, in this process, from source. FILTER is
 * part of a name. The best and the middle one of several rounds, for a machine that is not quiet.
 */
import type { Benchmark } from './micro/benchmark.ts';
import { compress } from './micro/compress.ts';
import { policyPick } from './micro/policy-pick.ts';
import { headerEdits } from './micro/header-edits.ts';
import { rateLimit } from './micro/rate-limit.ts';
import { requestId } from './micro/request-id.ts';
import { requestMetrics } from './micro/request-metrics.ts';
import { sticky } from './micro/sticky.ts';
import { targetAndClient } from './micro/target-and-client.ts';
import { tracing } from './micro/tracing.ts';
import { responseParser } from './micro/response-parser.ts';
import { routeMatch } from './micro/route-match.ts';
import { formatNumber, spreadOf } from './report/statistics.ts';
import { formatTable } from './report/table.ts';

const ROUNDS = 15;
const ROUND_MS = 50;
const BATCH = 500;

/** Adding one is a line here. */
const ALL: readonly Benchmark[] = [
  ...responseParser,
  ...routeMatch,
  ...policyPick,
  ...rateLimit,
  ...sticky,
  ...targetAndClient,
  ...headerEdits,
  ...requestId,
  ...requestMetrics,
  ...compress,
  ...tracing,
];

const [filter = ''] = process.argv.slice(2);
const wanted = ALL.filter(({ name }) => name.includes(filter));
if (wanted.length === 0) {
  console.error(
    `no benchmark has "${filter}" in its name:\n${ALL.map(({ name }) => `  ${name}`).join('\n')}`,
  );
  process.exitCode = 2;
} else {
  const rows = wanted.map((benchmark) => {
    const { min, median } = spreadOf(
      Array.from({ length: ROUNDS }, () => nanosecondsOnce(benchmark)),
    );
    return [benchmark.name, formatNumber(min, 1), formatNumber(median, 1)];
  });
  console.log(`Node ${process.version}, ${ROUNDS} rounds of ${ROUND_MS} ms\n`);
  console.log(formatTable({ columns: ['step', 'best ns', 'median ns'], rows }));
}

function nanosecondsOnce(benchmark: Benchmark): number {
  const { batch = BATCH } = benchmark;
  let times = 0;
  const started = performance.now();
  let elapsedMs = 0;
  while (elapsedMs < ROUND_MS) {
    benchmark.run(batch);
    times += batch;
    elapsedMs = performance.now() - started;
  }
  return (elapsedMs * 1e6) / times;
}
