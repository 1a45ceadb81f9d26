/**
 * Everything at once: reloads, workers killed, backends that come and go. A GET may fail for one reason alone: it was in flight
 * in a worker when that was killed. Each worker is stopped first, so that its connections can be read from the kernel; what
 * failed on another connection is unexplained.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { BackendProcess } from '../../support/backend-process.ts';
import { eventually } from '../../support/eventually.ts';
import { HEALTHY } from '../backend/orders.ts';
import { nowMs } from '../clock.ts';
import { type Judged, judge, unforgivable } from '../judge.ts';
import type { Balancer } from '../rigs/rig.ts';
import { Scene } from '../scene.ts';
import { latencyAt } from '../statistics.ts';
import { clientPorts, isStopped } from '../../support/kernel-sockets.ts';
import { type Case, type CaseRun, complaints, type Findings, usualFigures } from './case.ts';

const RELOAD_EVERY_MS = 100;
const KILL_EVERY_MS = 2_000;
const FLAP_EVERY_MS = 1_000;
const FLAP_MS = 300;
/** A client learns of the death of a worker on its own machine in less, however busy that is. */
const NEWS_MS = 10_000;

const POLICIES = ['p2c', 'round_robin', 'least_connections', 'random'];

interface Kill {
  readonly atMs: number;
  /** Each connection had one request in flight at most, so it explains one. */
  readonly clientPorts: Set<number>;
}

export const everything: Case = {
  name: 'everything',
  about: 'a reload every 100 ms, a worker killed every 2 s, backends that come and go',
  group: 'Everything at once',
  isOwn: true,
  run,
};

async function run({ rig, requests, rate }: CaseRun): Promise<Findings> {
  await using scene = await Scene.open({ rig });
  const { balancer, backends } = scene;
  // A minute with the usual numbers.
  const load = await scene.load({ rate, requests: Math.ceil(requests * 1.2) });
  const kills: Kill[] = [];
  let reloads = 0;
  const mayGoOn = (): boolean => nowMs() < load.endMs;
  await Promise.all([
    repeat(mayGoOn, RELOAD_EVERY_MS, async (round) => {
      await balancer.reload?.({ lbctl: { policy: POLICIES[round % POLICIES.length] } });
      reloads++;
    }),
    repeat(mayGoOn, KILL_EVERY_MS, async (round) => {
      const kill = await killWorker(balancer, round);
      if (kill !== undefined) kills.push(kill);
    }),
    repeat(mayGoOn, FLAP_EVERY_MS, (round) => flap(backends[round % backends.length])),
  ]);
  const verdict = judge(await scene.logs(await load.sent));

  const failed = verdict.requests.filter(
    (request) => request.method === 'GET' && request.class !== 'right',
  );
  const unexplained = failed.filter((request) => !explain(request, kills));
  return {
    figures: {
      ...usualFigures(verdict),
      reloads,
      'workers killed': kills.length,
      'in killed workers': failed.length - unexplained.length,
      unexplained: unexplained.length,
      'p99 ms': latencyAt(0.99, verdict.requests),
    },
    broken: [...unforgivable(verdict), ...complaints(unexplained, 'unexplained')],
  };
}

async function repeat(
  mayGoOn: () => boolean,
  everyMs: number,
  act: (round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; mayGoOn(); round++) {
    const nextMs = nowMs() + everyMs;
    await act(round);
    await pause(Math.max(0, nextMs - nowMs()));
  }
}

/** One of those that run; undefined where none does. */
async function killWorker({ instance, port }: Balancer, round: number): Promise<Kill | undefined> {
  const workers = (await instance?.status())?.workers ?? [];
  const running = workers.filter(({ state }) => state === 'running');
  const victim = running[round % running.length];
  // A worker that is alone would take the listener with it for as long as its successor needs.
  if (victim === undefined || running.length < 2) return undefined;
  process.kill(victim.pid, 'SIGSTOP');
  await eventually(() => {
    if (!isStopped(victim.pid)) throw new Error('it runs');
  });
  const kill = { atMs: nowMs(), clientPorts: clientPorts(victim.pid, port) };
  process.kill(victim.pid, 'SIGKILL');
  return kill;
}

async function flap(backend: BackendProcess | undefined): Promise<void> {
  await backend?.tell({ ...HEALTHY, mode: 'refusing' });
  await pause(FLAP_MS);
  await backend?.tell(HEALTHY);
}

/** Whether a kill is to blame, which then is to blame for nothing else on that connection. */
function explain({ ending, endMs, localPort }: Judged, kills: readonly Kill[]): boolean {
  if (ending !== 'reset' && ending !== 'cut') return false;
  return kills.some(
    (kill) =>
      endMs >= kill.atMs && endMs < kill.atMs + NEWS_MS && kill.clientPorts.delete(localPort),
  );
}
