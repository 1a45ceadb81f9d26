/**
 * `npm run conformance:http [-- --corpus DIR]`: public HTTP/1.1 requests through a worker, with both engines. Ends with 1 when
 * something is worse, or better, than the corpus' exceptions.json says.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ENGINES } from '@lb/shared/config/schema/pool';
import { readCorpus } from './corpus.ts';
import { report } from './report.ts';
import { runCorpus } from './run-corpus.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    corpus: { type: 'string', default: fileURLToPath(new URL('corpus', import.meta.url)) },
  },
});
const { cases, exceptions } = readCorpus(values.corpus);
for (const engine of ENGINES) {
  const startedMs = performance.now();
  const { table, unexplained, stale, over } = report(await runCorpus(cases, engine), exceptions);
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  say(`\n${engine}, ${seconds} s\n${table}`);
  for (const each of unexplained) say(`not explained: ${each}`);
  for (const each of over) say(each);
  for (const each of stale) say(`no longer so: ${each}`);
  if (unexplained.length + stale.length > 0) process.exitCode = 1;
}
