/**
 * CPU time per proxied request: lbctl against nginx and bare http-proxy-3, interleaved in short rounds, as ratios within
 * one run. `npm run bench` needs nginx, wrk and taskset and two CPUs: the contestant has one, load and backends the other.
 */
import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contestant, contestants, startBackends } from './contestants.ts';
import { cpuMicroseconds, residentBytes } from './cpu-time.ts';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 3);

interface Sample {
  readonly microseconds: number;
  readonly requestsPerSecond: number;
  readonly residentMiB: number;
}

const missing = ['nginx', 'wrk', 'taskset'].filter(
  (tool) => spawnSync('which', [tool]).status !== 0,
);
if (missing.length > 0) {
  console.error(`bench needs ${missing.join(', ')}: apt-get install nginx-light wrk util-linux`);
  process.exit(1);
}

const running: ChildProcess[] = [];
try {
  running.push(startBackends());
  const entrants = contestants().map((contestant) => ({
    contestant,
    child: contestant.start(),
    samples: [] as Sample[],
  }));
  running.push(...entrants.map(({ child }) => child));
  for (const { contestant, child } of entrants) await answering(contestant, child);
  for (const { contestant } of entrants) load(contestant, 1);
  for (let round = 0; round < ROUNDS; round++) {
    for (const { contestant, child, samples } of entrants)
      samples.push(measure(contestant, child.pid ?? 0));
  }
  print(entrants.map(({ contestant, samples }) => ({ name: contestant.name, samples })));
} finally {
  for (const child of running) await stop(child);
}

function measure(contestant: Contestant, pid: number): Sample {
  const before = cpuMicroseconds(pid);
  const { requests, requestsPerSecond } = load(contestant, SECONDS);
  return {
    microseconds: (cpuMicroseconds(pid) - before) / requests,
    requestsPerSecond,
    residentMiB: residentBytes(pid) / 2 ** 20,
  };
}

function load(
  { name, port }: Contestant,
  seconds: number,
): { requests: number; requestsPerSecond: number } {
  const args = ['-c', '1', 'wrk', '-t1', '-c100', `-d${seconds}s`, `http://127.0.0.1:${port}/`];
  const output = execFileSync('taskset', args, { encoding: 'utf8' });
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`${name} failed requests:\n${output}`);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  return { requests, requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]) };
}

async function answering({ name, port }: Contestant, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    // Another program may hold the port, and would be measured in its place.
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (answer?.status === 200) return;
    await sleep(100);
  }
  throw new Error(`${name} does not answer on port ${port}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

function print(
  results: readonly { readonly name: string; readonly samples: readonly Sample[] }[],
): void {
  const base = results.find(({ name }) => name === 'nginx')?.samples ?? [];
  console.log(`${ROUNDS} rounds of ${SECONDS} s, wrk -c100, Node ${process.version}`);
  console.log(
    '| contestant | CPU µs/request min / median | : nginx min / median / max | requests/s median | RSS MiB |',
  );
  console.log('|---|---|---|---|---|');
  for (const { name, samples } of results) {
    const micros = sorted(samples.map(({ microseconds }) => microseconds));
    const ratios = sorted(
      samples.map(({ microseconds }, i) => microseconds / (base[i]?.microseconds ?? Number.NaN)),
    );
    const rate = median(sorted(samples.map(({ requestsPerSecond }) => requestsPerSecond)));
    const rss = samples.at(-1)?.residentMiB ?? 0;
    console.log(
      `| ${name} | ${micros[0]?.toFixed(1)} / ${median(micros).toFixed(1)} ` +
        `| ${ratios[0]?.toFixed(2)} / ${median(ratios).toFixed(2)} / ${ratios.at(-1)?.toFixed(2)} ` +
        `| ${rate.toFixed(0)} | ${rss.toFixed(0)} |`,
    );
  }
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

function median(values: readonly number[]): number {
  return values[Math.floor(values.length / 2)] ?? Number.NaN;
}
