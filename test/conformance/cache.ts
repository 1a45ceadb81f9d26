/**
 * `npm run conformance:cache`: the public HTTP caching tests through a worker, beside what is published of others (of a later
 * edition of the tests, which has a few more). Ends with 1 when something is worse, or better, than cache-exceptions.json says.
 */
import { readCacheExceptions, reportCache } from './cache-report.ts';
import { runCacheSuite } from './cache-suite.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const startedMs = performance.now();
const results = await runCacheSuite();
const { table, unexplained, stale, required } = reportCache(results, readCacheExceptions());
say(`${table}\n\n${((performance.now() - startedMs) / 1_000).toFixed(1)} s\n`);
for (const each of required) say(each);
for (const each of unexplained) say(`not explained: ${each}`);
for (const each of stale) say(`no longer so: ${each}`);
if (unexplained.length + stale.length > 0) process.exitCode = 1;
