/** Requests at a fixed rate, by h2load, and how long each took. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, LOAD_CPU, type Processes } from '../processes.ts';
import { percentile } from '../report/statistics.ts';

/** Clients; each has one request under way at most. */
const CLIENTS = 50;

/** Connections are made in the beginning; what was sent in that time does not count. */
const SETTLING_US = 300_000;

/** Microseconds from the request's first byte to the answer's last. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
}

interface Pace {
  readonly port: number;
  readonly requestsPerSecond: number;
  readonly seconds: number;
}

/** @param folder for a file that is gone afterwards  @throws Error when a request failed */
export async function latenciesAt(
  processes: Processes,
  folder: string,
  pace: Pace,
): Promise<Latencies> {
  // h2load appends to a file that is there.
  const log = join(folder, 'h2load.log');
  rmSync(log, { force: true });
  const output = await processes.run(LOAD_CPU, command(pace, log));
  const failed = /(\d+) failed, (\d+) errored, (\d+) timeout/.exec(output);
  if (failed === null || failed.slice(1).some((count) => count !== '0'))
    throw new Error(`h2load said:\n${output}`);
  const sent = readFileSync(log, 'utf8').trim().split('\n').map(readLine);
  rmSync(log);
  const bad = sent.find(({ status }) => status !== 200);
  if (bad !== undefined) throw new Error(`h2load got status ${bad.status}`);
  const from = (sent[0]?.startUs ?? 0) + SETTLING_US;
  const tookUs = sent
    .filter(({ startUs }) => startUs >= from)
    .map((request) => request.tookUs)
    .sort((a, b) => a - b);
  return { p50: percentile(tookUs, 0.5), p99: percentile(tookUs, 0.99) };
}

function readLine(line: string): {
  readonly startUs: number;
  readonly status: number;
  readonly tookUs: number;
} {
  const [startUs = 0, status = 0, tookUs = 0] = line.split('\t').map(Number);
  return { startUs, status, tookUs };
}

function command({ port, requestsPerSecond, seconds }: Pace, log: string): Command {
  const perClient = (requestsPerSecond / CLIENTS).toFixed(2);
  const args = ['--h1', '-t1', `-c${CLIENTS}`, '--rps', perClient, `-D${seconds}`];
  args.push('--log-file', log, `http://127.0.0.1:${port}/`);
  return { file: 'h2load', args };
}
