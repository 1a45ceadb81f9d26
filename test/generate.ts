/**
 * Writes the files that are made from the source: lb.schema.json, docs/configuration.md, docs/metrics.md.
 * `node --conditions=@lb/source test/generate.ts [--check]`; with --check it writes nothing and exits 1 when one is stale.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { lbJsonSchema } from '@lb/shared/config/json-schema';
import { configurationReference } from '@lb/shared/config/reference-docs';
import { DURATION_BUCKETS_SECONDS, METRICS } from '@lb/shared/metrics/catalog';
import type { MetricDefinition } from '@lb/shared/metrics/catalog';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Path below the root of the repository -> content. */
function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['lb.schema.json', `${JSON.stringify(lbJsonSchema(), null, 2)}\n`],
    ['docs/configuration.md', configurationReference()],
    ['docs/metrics.md', metricsReference()],
  ]);
}

function metricsReference(): string {
  const metrics: readonly [string, MetricDefinition][] = Object.entries(METRICS);
  const rows = metrics.map(([name, { type, labels, help }]) => {
    const names = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${names} | ${help.replaceAll('|', '\\|')} |`;
  });
  return `# Metrics

<!-- Generated from packages/shared/src/metrics/catalog.ts by test/generate.ts; edit the catalog. -->

\`GET /metrics\` on the admin address answers in the text format of Prometheus, or OpenMetrics when the client accepts it. The
numbers are sums over all workers, also over those that ended. Durations are in seconds, sizes in bytes; the buckets of
every duration are ${DURATION_BUCKETS_SECONDS.map((bound) => `\`${bound}\``).join(' ')}. No label holds anything a client sent.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

async function main(check: boolean): Promise<void> {
  for (const [file, content] of generatedFiles()) {
    const target = path.join(ROOT, file);
    if (!check) {
      await mkdir(path.dirname(target), { recursive: true });
      await writeFile(target, content);
      continue;
    }
    if ((await contentOf(target)) === content) continue;
    process.stderr.write(`${file} is stale: run node --conditions=@lb/source test/generate.ts\n`);
    process.exitCode = 1;
  }
}

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

await main(process.argv.includes('--check'));
