/**
 * The public HTTP caching tests (npm http-cache-tests) with a worker as the cache: their origin and their client are processes
 * of their own, the worker stands between them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startWorker } from '../support/worker-harness.ts';

/** `required` is what RFC 9111 asks for, `optimal` what a good cache does, `check` what they are curious about. */
export type Kind = 'required' | 'optimal' | 'check';

/** `blocked`: a test that it depends on did not pass; `setup`: it did not come to what it is about. */
export type Outcome = 'pass' | 'fail' | 'setup' | 'blocked';

export interface CacheTestResult {
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  readonly outcome: Outcome;
  /** What the suite says of one that did not pass. */
  readonly detail: string;
}

interface CacheTest {
  readonly id: string;
  readonly name: string;
  readonly kind?: Kind;
  readonly browser_only?: boolean;
  readonly depends_on?: readonly string[];
}

/** By id; true for one that passed, else the name of the error and its message. */
type RawResults = Readonly<Record<string, true | readonly [string, string]>>;

const SUITE = fileURLToPath(new URL('../../node_modules/http-cache-tests/', import.meta.url));

/** Runs all of it. */
export async function runCacheSuite(): Promise<CacheTestResult[]> {
  const tests = await readTests();
  await using origin = await startOrigin();
  await using worker = await startWorker(
    `pools: { web: { backends: ["http://127.0.0.1:${origin.port}"], retries: { attempts: 0 } } }\n` +
      'caches: { default: { heuristicFreshness: 0.1 } }\nroutes: [{ pool: web, cache: default }]\n',
  );
  const results = await runClient(worker.url);
  return tests.map((test) => judge(test, tests, results));
}

async function readTests(): Promise<CacheTest[]> {
  const { default: suites } = (await import(`${SUITE}tests/index.mjs`)) as {
    readonly default: readonly { readonly tests: readonly CacheTest[] }[];
  };
  return suites.flatMap(({ tests }) => tests).filter((test) => test.browser_only !== true);
}

interface Origin extends AsyncDisposable {
  readonly port: number;
}

async function startOrigin(): Promise<Origin> {
  const child = spawn(process.execPath, ['server/server.mjs'], {
    cwd: SUITE,
    env: { npm_config_protocol: 'http', npm_config_port: '0', npm_config_pidfile: '/dev/null' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  child.stdout.resume();
  return {
    port: Number(/:(\d+)\//.exec(line.toString())?.[1]),
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

async function runClient(base: string): Promise<RawResults> {
  const child = spawn(process.execPath, ['--no-warnings', 'cli.mjs'], {
    cwd: SUITE,
    env: { npm_config_base: base, npm_package_config_id: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
  await once(child, 'close');
  return JSON.parse(text) as RawResults;
}

function judge(test: CacheTest, all: readonly CacheTest[], results: RawResults): CacheTestResult {
  const { id, name, kind = 'required' } = test;
  const result = results[id];
  const detail = result === undefined || result === true ? '' : result.join(': ');
  return { id, name, kind, detail, outcome: outcomeOf(test, all, results) };
}

function outcomeOf(test: CacheTest, all: readonly CacheTest[], results: RawResults): Outcome {
  const result = results[test.id];
  const isBlocked = (test.depends_on ?? []).some((id) => {
    const other = all.find((each) => each.id === id);
    return other !== undefined && outcomeOf(other, all, results) !== 'pass';
  });
  if (isBlocked) return 'blocked';
  if (result === true) return 'pass';
  return result?.[0] === 'Setup' ? 'setup' : 'fail';
}
