/** Compares the results of the caching tests with what is known, and puts them beside those of others. */
import { readFileSync } from 'node:fs';
import type { CacheTestResult, Kind, Outcome } from './cache-suite.ts';

/** Why a test does not pass, by its id. */
type CacheExceptions = Readonly<Record<string, string>>;

export interface CacheReport {
  readonly table: string;
  /** Tests that do not pass and have no exception. */
  readonly unexplained: readonly string[];
  /** Exceptions of tests that pass. */
  readonly stale: readonly string[];
  /** Required tests that do not pass, with why. */
  readonly required: readonly string[];
}

/** Those that are known. */
export function readCacheExceptions(): CacheExceptions {
  const text = readFileSync(new URL('cache-exceptions.json', import.meta.url), 'utf8');
  return JSON.parse(text) as CacheExceptions;
}

/** What the suite's authors publish: required tests that pass, fail, and were not come to; optimal ones that pass and fail. */
const PEERS: Readonly<Record<string, readonly [number, number, number, number, number]>> = {
  'Traffic Server 9.2.5': [132, 19, 7, 70, 25],
  'Apache 2.4': [131, 12, 16, 68, 27],
  'Squid 6.13': [122, 17, 19, 59, 39],
  'Caddy (Souin)': [121, 10, 26, 44, 58],
  'Varnish 7.7': [119, 17, 21, 45, 44],
  'nginx 1.28': [99, 33, 26, 59, 33],
  'HAProxy 3.0': [89, 15, 51, 40, 50],
};

/** @param exceptions of required and optimal tests; the others ask for nothing */
export function reportCache(
  results: readonly CacheTestResult[],
  exceptions: CacheExceptions,
): CacheReport {
  const wanted = results.filter(({ kind }) => kind !== 'check');
  const short = wanted.filter(({ outcome }) => outcome !== 'pass');
  return {
    table: tableOf(results),
    unexplained: short
      .filter(({ id }) => exceptions[id] === undefined)
      .map(({ id, kind, outcome, detail }) => `${kind} ${id}: ${outcome}. ${detail}`),
    stale: Object.keys(exceptions).filter((id) => !short.some((each) => each.id === id)),
    required: short
      .filter(({ kind }) => kind === 'required')
      .map(({ id, outcome }) => `${id} (${outcome}): ${exceptions[id] ?? 'not explained'}`),
  };
}

function tableOf(results: readonly CacheTestResult[]): string {
  const count = (kind: Kind, ...outcomes: Outcome[]): number =>
    results.filter((each) => each.kind === kind && outcomes.includes(each.outcome)).length;
  const own = [
    count('required', 'pass'),
    count('required', 'fail'),
    count('required', 'setup', 'blocked'),
    count('optimal', 'pass'),
    count('optimal', 'fail', 'setup', 'blocked'),
  ];
  const rows: readonly (readonly [string, ...(string | number)[]])[] = [
    ['', 'required', '', '', 'optimal', ''],
    ['', 'pass', 'fail', 'not come to', 'pass', 'fail'],
    ['lbctl', ...own],
    ...Object.entries(PEERS).map(([name, counts]): [string, ...number[]] => [name, ...counts]),
  ];
  return rows
    .map(
      ([name, ...cells]) =>
        name.padEnd(22) + cells.map((cell) => String(cell).padStart(12)).join(''),
    )
    .join('\n');
}
