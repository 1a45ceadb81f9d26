/** A real Prometheus, and promtool: Debian's package has both. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

const MISSING = 'these tests need Prometheus: apt-get install prometheus';
const START_MS = 20_000;

/** One series of an answer. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [atSeconds: number, value: string];
}

export interface Prometheus extends AsyncDisposable {
  /** Runs a query now. @throws Error when it is not one */
  query(expression: string): Promise<readonly Sample[]>;
  /** What a path of its API has under `data`. */
  get<T>(path: string): Promise<T>;
}

/** Starts one that scrapes these targets once a second, and has these rules. */
export async function startPrometheus(
  targets: readonly string[],
  ruleFile: string,
): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'lb-prometheus-'));
  const port = await freePort();
  const file = join(folder, 'prometheus.json');
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [ruleFile],
    scrape_configs: [{ job_name: 'lbctl', static_configs: [{ targets }] }],
  };
  // YAML reads JSON.
  await writeFile(file, JSON.stringify(config));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  const [error] = (await Promise.race([once(child, 'spawn'), once(child, 'error')])) as [unknown];
  if (error !== undefined) throw new Error(MISSING, { cause: error });
  const get = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    const { data, error: fault } = (await answer.json()) as { data: T; error?: string };
    if (!answer.ok) throw new Error(fault);
    return data;
  };
  await eventually(() => get('/api/v1/status/buildinfo'), START_MS);
  return {
    get,
    query: async (expression) => {
      const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
      return (await get<{ result: Sample[] }>(path)).result;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

/** Runs promtool; what it says is '' where it has nothing to say, and each line of it a complaint of `check metrics`. */
export function promtool(
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number; readonly said: string }> {
  return new Promise((resolve, reject) => {
    const child = execFile('promtool', args, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT') reject(new Error(MISSING, { cause: error }));
      else resolve({ code: child.exitCode ?? 0, said: stdout + stderr });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
