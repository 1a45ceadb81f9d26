/**
 * `npm run soak -- --minutes 10`: the built lbctl with two workers under everything at once, with backends that are killed
 * and a configuration that is reloaded all the time. When the load is over nothing may be left of it: no memory, no socket, no
 * request in flight, no request that was not counted, no failure that a backend's death does not explain. Else it exits with 1.
 *
 *     clients ═▶ lbctl (2 workers) ═▶ 3 backends      every few seconds: kill -9 a backend, reload
 *
 * `--seed N` makes the clients choose otherwise, `--clients N` is how many there are, `--engine NAME` the pool's engine.
 * `--scenario cache` does what cache-soak.ts says, with bodies of at most `--largest BYTES`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seededRandom } from '@lb/shared/time/clock';
import { type BackendProcess, startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { soakCache } from './cache-soak.ts';
import { SoakClient } from './clients.ts';
import { median } from './median.ts';
import { residentMiB, socketCount } from './process-readings.ts';
import { Tally } from './tally.ts';

const BACKEND = fileURLToPath(new URL('soak-backend.ts', import.meta.url));
const SAMPLE_MS = 1_000;
/** Idle connections to backends live 4 s, and the last probes must end. */
const CALM_MS = 30_000;
/** A heap grows in steps: a worker of 125 MiB makes one of 35 in its first minutes and stays there. */
const ALLOWED_GROWTH_MIB = 48;
/**
 * What is counted though no client saw it whole: those who left, answers that were out or cut by then, and failures that
 * their clients did not wait for.
 */
const UNSEEN_CODES = new Set([101, 200, 499, 502]);
/** They are 0 when nobody is there. */
const GAUGES = [
  'lb_http_requests_in_flight',
  'lb_listener_connections',
  'lb_tunnels',
  'lb_backend_in_flight',
  'lb_backend_connections',
];

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'mixed' },
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    clients: { type: 'string', default: '24' },
    engine: { type: 'string', default: 'native' },
    largest: { type: 'string', default: '1048576' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const SCENARIOS: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  mixed: soak,
  cache: () =>
    soakCache(
      {
        minutes: Number(values.minutes),
        seed: Number(values.seed),
        clients: Number(values.clients),
        largestBytes: Number(values.largest),
      },
      say,
    ),
};
const run = SCENARIOS[values.scenario];
if (run === undefined) throw new Error(`--scenario ${values.scenario}: expected mixed or cache`);
const off = await run();
for (const complaint of off) say(`OFF   ${complaint}`);
say(off.length === 0 ? 'ok' : `${off.length} things are off`);
process.exitCode = off.length === 0 ? 0 : 1;

/** Returns what is off. */
async function soak(): Promise<readonly string[]> {
  const random = seededRandom(Number(values.seed));
  await using backends = await startBackendProcesses(3, { path: BACKEND });
  await using lb = await startLbctl(configOf(backends, 0));
  const pids = [lb.child.pid ?? 0, ...(await lb.workerPids())];
  const socketsBefore = pids.map(socketCount);
  const tally = new Tally(() => performance.now());
  const endMs = performance.now() + Number(values.minutes) * 60_000;
  const mayGoOn = (): boolean => performance.now() < endMs;

  const memory: number[][] = [];
  const disturbances = [
    disturb(mayGoOn, 4_000, (round) => restart(backends[round % backends.length], tally)),
    disturb(mayGoOn, 3_000, (round) => reload(lb, configOf(backends, round + 1))),
    disturb(mayGoOn, SAMPLE_MS, () => void memory.push(pids.map(residentMiB))),
  ];
  const clients = Array.from({ length: Number(values.clients) }, (_, place) =>
    new SoakClient(
      { port: lb.port, tally },
      seededRandom(place + Math.floor(random() * 2 ** 31)),
    ).run(mayGoOn),
  );
  await Promise.all([...clients, ...disturbances]);

  const complaints = tally.failures.slice(0, 20);
  if (tally.failures.length > complaints.length)
    complaints.push(`and ${tally.failures.length - complaints.length} failures more`);
  complaints.push(...(await calmComplaints(lb, pids, socketsBefore)));
  complaints.push(...countComplaints(await lb.admin.get<string>('/metrics'), tally));
  memory.push(pids.map(residentMiB));
  complaints.push(...memoryComplaints(memory));
  report(tally, memory);
  if ((await lb.metric('lb_worker_restarts_total')) > 0) complaints.push('a worker died');
  return complaints;
}

/** Runs it every so often, each with its number. */
async function disturb(
  mayGoOn: () => boolean,
  everyMs: number,
  act: (round: number) => Promise<void> | void,
): Promise<void> {
  for (let round = 0; mayGoOn(); round++) {
    await pause(everyMs);
    await act(round);
  }
}

async function restart(backend: BackendProcess | undefined, tally: Tally): Promise<void> {
  tally.died();
  await backend?.kill();
  await pause(1_000);
  await backend?.restart();
}

async function reload(lb: Instance, yaml: string): Promise<void> {
  await lb.write(yaml);
  const { status } = await lb.admin.post('/api/v1/reload');
  if (status !== 200) throw new Error(`the reload was answered with ${status}`);
}

/** @param round every one changes the policy and the fields of answers */
function configOf(backends: readonly BackendProcess[], round: number): string {
  const policy = ['p2c', 'round_robin', 'least_connections', 'random'][round % 4];
  return `
workers: 2
listeners: [{ bind: 127.0.0.1:0 }]
routes: [{ name: all, match: { paths: ["/*"] }, pool: web, headers: { response: { set: { X-Round: "${round}" } } } }]
pools:
  web:
    engine: ${values.engine}
    policy: ${policy}
    backends: [${backends.map(({ url }) => url).join(', ')}]
    healthCheck: { interval: 200ms, timeout: 500ms, rise: 1, fall: 2 }
`;
}

/** Waits until gauges and sockets are where they were. */
async function calmComplaints(
  lb: Instance,
  pids: readonly number[],
  socketsBefore: readonly number[],
): Promise<string[]> {
  const look = async (): Promise<string[]> => {
    const gauges = await Promise.all(GAUGES.map((name) => lb.metric(name)));
    const sockets = pids.map(socketCount);
    return [
      ...GAUGES.flatMap((name, place) =>
        gauges[place] === 0 ? [] : [`${name} is ${gauges[place]} with nobody there`],
      ),
      ...pids.flatMap((_, place) =>
        (sockets[place] ?? 0) <= (socketsBefore[place] ?? 0)
          ? []
          : [`${nameOf(place)} has ${sockets[place]} sockets, at first ${socketsBefore[place]}`],
      ),
    ];
  };
  let last: string[] = [];
  await eventually(async () => {
    last = await look();
    if (last.length > 0) throw new Error('not yet');
  }, CALM_MS).catch(() => undefined);
  return last;
}

/** Every request is counted once, under the status that its client saw; what broke may stand under any. */
function countComplaints(metrics: string, tally: Tally): string[] {
  const counted = new Map<number, number>();
  for (const [, code, count] of metrics.matchAll(
    /^lb_http_requests_total\{.*code="(\d+)".*\} (\d+)$/gm,
  ))
    counted.set(Number(code), (counted.get(Number(code)) ?? 0) + Number(count));
  const total = [...counted.values()].reduce((sum, count) => sum + count, 0);
  say(
    `      counted  ${[...counted]
      .filter(([, count]) => count > 0)
      .map(([code, count]) => `${code}: ${count}`)
      .join('  ')}`,
  );
  say(
    `      seen     ${[...tally.answered].map(([code, count]) => `${code}: ${count}`).join('  ')}  aborted: ${tally.aborted}`,
  );
  const complaints = [...new Set([...counted.keys(), ...tally.answered.keys()])].flatMap((code) => {
    const surplus = (counted.get(code) ?? 0) - (tally.answered.get(code) ?? 0);
    const mayBe = surplus === 0 || (surplus > 0 && UNSEEN_CODES.has(code));
    return mayBe ? [] : [`${code}: ${surplus} more counted than seen`];
  });
  if (total !== tally.sent) complaints.push(`${tally.sent} requests sent, ${total} counted`);
  const gone = counted.get(499) ?? 0;
  if (gone > tally.aborted)
    complaints.push(`${gone} counted as 499, but ${tally.aborted} clients left`);
  return complaints;
}

/** @param memory MiB of each process, sample by sample */
function memoryComplaints(memory: readonly (readonly number[])[]): string[] {
  const early = memory.slice(Math.floor(memory.length * 0.2), Math.ceil(memory.length * 0.3));
  const late = memory.slice(Math.floor(memory.length * 0.9));
  return (memory[0] ?? []).flatMap((_, place) => {
    const before = median(early.map((sample) => sample[place] ?? 0));
    const after = median(late.map((sample) => sample[place] ?? 0));
    say(
      `      ${nameOf(place).padEnd(9)} ${before.toFixed(0)} MiB at 20 %, ${after.toFixed(0)} MiB at the end`,
    );
    return after <= before * 1.1 + ALLOWED_GROWTH_MIB
      ? []
      : [`${nameOf(place)} grew from ${before.toFixed(0)} to ${after.toFixed(0)} MiB`];
  });
}

function report(tally: Tally, memory: readonly (readonly number[])[]): void {
  for (const [what, count] of tally.byKind) say(`      ${String(count).padStart(8)}  ${what}`);
  say(`      ${String(tally.explained).padStart(8)}  broken by the death of a backend`);
  const step = Math.max(1, Math.floor(memory.length / 20));
  for (const [place] of (memory[0] ?? []).entries()) {
    const series = memory
      .filter((_, sample) => sample % step === 0)
      .map((sample) => sample[place]?.toFixed(0));
    say(`      ${nameOf(place).padEnd(9)} MiB: ${series.join(' ')}`);
  }
}

function nameOf(place: number): string {
  return place === 0 ? 'primary' : `worker ${place}`;
}
