/**
 * The ways to hand connections to workers: what a connection costs, how even the shares of two workers are, and what is lost
 * when one of them is killed. Both CPUs are theirs and everybody else's: figures are for comparing within the table alone.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { AdminClient } from '@lb/shared/admin-api/client';
import type { StatusReply } from '@lb/shared/admin-api/contract';
import type { Arena, Entrant } from '../arena.ts';
import { lbctl } from '../contestants/lbctl.ts';
import { LOADS } from '../load/load.ts';
import { attempt, saturate } from '../load/wrk.ts';
import { cpuMicroseconds } from '../proc.ts';
import { formatNumber, formatSpread, spreadOf } from '../report/statistics.ts';
import { interleave } from '../rounds.ts';
import { type Scenario, warmUp } from './scenario.ts';

type Workers = StatusReply['workers'];

/** Of the busier worker, from 0.5 to 1. */
interface Shares {
  readonly requests: number;
  readonly connections: number;
}

interface Sample {
  readonly connectionsPerSecond: number;
  /** Of primary and workers. */
  readonly microseconds: number;
  /** By the number of keep-alive clients, as in CLIENTS. */
  readonly shares: readonly Shares[];
  readonly attempts: number;
  readonly failures: number;
}

const CLIENTS = [2, 100, 1_000];

/** Totals of workers are this old at most, and a bit. */
const STATUS_DELAY_MS = 700;

const READY_POLL_MS = 50;

export const accept: Scenario = {
  name: 'accept',
  about: 'listeners[].accept, 2 workers on both CPUs; min / median / max over the rounds',
  isDefault: false,
  async run(arena) {
    const variants = (['shared', 'reuseport', 'round-robin'] as const).map((way) =>
      lbctl(way, { accept: way, workers: 2, spansCpus: true }),
    );
    const entrants = await arena.enter(variants, LOADS.connect);
    await warmUp(arena, entrants, LOADS.connect);
    const samples = await interleave(entrants, arena.options.rounds, (entrant) =>
      measure(arena, entrant),
    );
    await Promise.all(entrants.map((entrant) => entrant.stop()));
    return {
      scenario: accept.name,
      about: accept.about,
      table: {
        columns: [
          'accept',
          'connections/s',
          'CPU µs each',
          ...CLIENTS.flatMap((clients) => [
            `${clients} clients: requests %`,
            `${clients} clients: connections %`,
          ]),
          'kill -9: failures',
          'of attempts',
        ],
        rows: [...samples].map(([name, taken]) => rowOf(name, taken)),
      },
      figures: {},
      samples: Object.fromEntries(samples),
    };
  },
};

function rowOf(name: string, samples: readonly Sample[]): string[] {
  const sum = (of: (sample: Sample) => number): number =>
    samples.reduce((total, sample) => total + of(sample), 0);
  const percent = (index: number, of: keyof Shares): string =>
    formatSpread(spreadOf(samples.map(({ shares }) => 100 * (shares[index]?.[of] ?? NaN))), 0);
  return [
    name,
    formatSpread(spreadOf(samples.map((sample) => sample.connectionsPerSecond)), 0),
    formatSpread(spreadOf(samples.map(({ microseconds }) => microseconds)), 0),
    ...CLIENTS.flatMap((_, index) => [percent(index, 'requests'), percent(index, 'connections')]),
    formatNumber(
      sum(({ failures }) => failures),
      0,
    ),
    formatNumber(
      sum(({ attempts }) => attempts),
      0,
    ),
  ];
}

async function measure(arena: Arena, entrant: Entrant): Promise<Sample> {
  const { pid, port } = entrant;
  const before = cpuMicroseconds(pid);
  const answered = await saturate(arena.processes, port, LOADS.connect, arena.options.seconds);
  const microseconds = (cpuMicroseconds(pid) - before) / answered.requests;
  const shares: Shares[] = [];
  for (const clients of CLIENTS) shares.push(await sharesWith(arena, entrant, clients));
  return {
    connectionsPerSecond: answered.requestsPerSecond,
    microseconds,
    shares,
    ...(await killOne(arena, entrant)),
  };
}

async function sharesWith(arena: Arena, entrant: Entrant, clients: number): Promise<Shares> {
  const { seconds } = arena.options;
  await pause(STATUS_DELAY_MS);
  const before = await workersOf(entrant);
  const load = { ...LOADS.small, connections: clients };
  const done = saturate(arena.processes, entrant.port, load, seconds);
  await pause((seconds * 1_000) / 2);
  const during = await workersOf(entrant);
  await done;
  await pause(STATUS_DELAY_MS);
  const after = await workersOf(entrant);
  // Before there was at least the connection that asked whether the contestant is ready.
  const since = (now: Workers, what: keyof Shares): number[] =>
    now.map((worker, i) => worker[what] - (before[i]?.[what] ?? 0));
  return {
    requests: busiest(since(after, 'requests')),
    connections: busiest(since(during, 'connections')),
  };
}

function busiest(counts: readonly number[]): number {
  return Math.max(...counts) / counts.reduce((sum, count) => sum + count, 0);
}

/** Kills a worker in the midst of new connections, and returns when it was replaced. */
async function killOne(
  arena: Arena,
  entrant: Entrant,
): Promise<{ readonly attempts: number; readonly failures: number }> {
  const { seconds } = arena.options;
  const [victim] = await workersOf(entrant);
  const done = attempt(arena.processes, entrant.port, LOADS.connect, seconds);
  await pause((seconds * 1_000) / 2);
  if (victim !== undefined) process.kill(victim.pid, 'SIGKILL');
  const { requests, badStatus, socketErrors } = await done;
  while ((await workersOf(entrant)).filter(({ state }) => state === 'running').length < 2)
    await pause(READY_POLL_MS);
  return { attempts: requests + socketErrors, failures: badStatus + socketErrors };
}

async function workersOf({ folder }: Entrant): Promise<Workers> {
  const client = new AdminClient({ socketPath: join(folder, 'lb.sock') });
  const { workers } = await client.get<StatusReply>('/api/v1/status');
  return workers;
}
