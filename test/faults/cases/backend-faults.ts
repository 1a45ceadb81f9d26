/** One of three backends goes wrong for a while: from a fifth of the run to three fifths of it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { BackendProcess } from '../../support/backend-process.ts';
import { HEALTHY, type Mode } from '../backend/orders.ts';
import { nowMs } from '../clock.ts';
import { judge, unforgivable } from '../judge.ts';
import { LOOPBACK, type Network } from '../network.ts';
import type { Settings } from '../rigs/rig.ts';
import { Scene } from '../scene.ts';
import { backMs, dueWithin, feltMs, isSlow, latencyAt } from '../statistics.ts';
import { type Case, type CaseRun, failedGets, type Findings, usualFigures } from './case.ts';

/** What happens to the second of three backends. */
export interface Fault {
  readonly name: string;
  readonly about: string;
  begin(backend: BackendProcess): Promise<void>;
  repair(backend: BackendProcess): Promise<void>;
  /** Not one GET may fail. */
  readonly losesNothing?: boolean;
  /** The p99 of the pool must stay below so many times the healthy one. */
  readonly p99Factor?: number;
  /** How many answers there are to one of many packets. */
  readonly largeEvery?: number;
  readonly settings?: Settings;
}

export const BACKEND_GROUP = 'One of three backends';
/** Of the run. */
const FROM = 0.2;
const UNTIL = 0.6;
const SLOWDOWN = 50;
const ALTERNATION_MS = 1_000;

/** In the order of the table. */
export const BACKEND_FAULTS: readonly Case[] = [
  {
    name: 'killed',
    about: 'kill -9, and started again',
    losesNothing: true,
    begin: (backend: BackendProcess) => backend.kill(),
    repair: (backend: BackendProcess) => backend.restart(),
  },
  {
    name: 'stopped',
    about: 'SIGSTOP, then SIGCONT',
    begin: (backend: BackendProcess) => Promise.resolve(backend.signal('SIGSTOP')),
    repair: (backend: BackendProcess) => Promise.resolve(backend.signal('SIGCONT')),
  },
  { ...mode('refusing'), about: 'refuses connections', losesNothing: true },
  {
    ...mode('resetting'),
    about: 'reads the request and resets the connection',
    losesNothing: true,
  },
  { ...mode('resetting-after-head'), about: 'resets after the head of the answer' },
  {
    ...mode('resetting-mid-body'),
    about: 'resets in the middle of the body, of which every fiftieth is large',
    largeEvery: 50,
  },
  { ...mode('failing'), about: 'answers 500 to everything' },
  { ...mode('garbage'), about: 'answers what is no HTTP' },
  {
    name: 'slow',
    about: `${SLOWDOWN} times slower`,
    p99Factor: 2,
    settings: { lbctl: { policy: 'ewma' }, passiveHealth: { latencyFactor: 3 } },
    begin: (backend: BackendProcess) =>
      backend.tell({ ...HEALTHY, delayMs: HEALTHY.delayMs * SLOWDOWN }),
    repair: (backend: BackendProcess) => backend.tell(HEALTHY),
  },
  { ...mode('silent'), about: 'takes requests and never answers' },
  alternating(),
].map(toCase);

function mode(name: Exclude<Mode, 'healthy'>): Omit<Fault, 'about'> {
  return {
    name,
    begin: (backend) => backend.tell({ ...HEALTHY, mode: name }),
    repair: (backend) => backend.tell(HEALTHY),
  };
}

function alternating(): Fault {
  let ending = new AbortController();
  let whenOver = Promise.resolve();
  const alternate = async (backend: BackendProcess, { signal }: AbortController): Promise<void> => {
    for (let isDown = true; !signal.aborted; isDown = !isDown) {
      await backend.tell({ ...HEALTHY, mode: isDown ? 'refusing' : 'healthy' });
      await pause(ALTERNATION_MS);
    }
  };
  return {
    name: 'alternating',
    about: 'refuses connections every other second',
    begin: (backend) => {
      ending = new AbortController();
      whenOver = alternate(backend, ending);
      return Promise.resolve();
    },
    repair: async (backend) => {
      ending.abort();
      await whenOver;
      await backend.tell(HEALTHY);
    },
  };
}

function toCase(fault: Fault): Case {
  const { name, about } = fault;
  return { name, about, group: BACKEND_GROUP, run: (run) => meet(fault, run) };
}

/** Runs it. */
export async function meet(
  fault: Fault,
  { rig, requests, rate }: CaseRun,
  network: Network = LOOPBACK,
): Promise<Findings> {
  const { settings = {}, largeEvery = 0 } = fault;
  await using scene = await Scene.open({ rig, settings, network });
  const [, faulty] = scene.backends;
  if (faulty === undefined) throw new Error('three were started');
  const load = await scene.load({ rate, requests: Math.ceil(requests / 0.9), largeEvery });
  const lengthMs = load.endMs - load.beginMs;
  await pause(load.beginMs + FROM * lengthMs - nowMs());
  const fromMs = nowMs();
  await fault.begin(faulty);
  await pause(load.beginMs + UNTIL * lengthMs - nowMs());
  const untilMs = nowMs();
  await fault.repair(faulty);
  const repairedMs = nowMs();
  const logs = await scene.logs(await load.sent);

  const verdict = judge(logs);
  const window = { fromMs, untilMs };
  const warmMs = load.beginMs + (FROM / 2) * lengthMs;
  const before = dueWithin(verdict.requests, { fromMs: warmMs, untilMs: fromMs });
  const during = dueWithin(verdict.requests, window);
  const p99 = { before: latencyAt(0.99, before), during: latencyAt(0.99, during) };
  const lost = failedGets(verdict);
  const { losesNothing = false, p99Factor } = fault;
  const isHeld = p99Factor === undefined || p99.during < p99Factor * p99.before;
  return {
    figures: {
      ...usualFigures(verdict),
      slow: verdict.requests.filter((request) => request.method === 'GET' && isSlow(request))
        .length,
      'p99 ms before': p99.before,
      'p99 ms': p99.during,
      'tried again': verdict.retriedGets,
      'out ms': feltMs(verdict.requests, logs.served, faulty.name, window),
      'back ms': backMs(logs.served, faulty.name, repairedMs),
    },
    broken: [
      ...unforgivable(verdict),
      ...(losesNothing && lost > 0 ? [`${lost} GETs failed`] : []),
      ...(isHeld ? [] : [`p99 is over ${p99Factor} times the healthy`]),
    ],
  };
}
