/** Clients that are gone without a word, in whatever they were doing: nothing may be held for them longer than the timeouts say. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { socketCount } from '../../soak/process-readings.ts';
import { eventually } from '../../support/eventually.ts';
import { nowMs } from '../clock.ts';
import { noNamespaces, openWire } from '../network.ts';
import type { Rig } from '../rigs/rig.ts';
import { Scene } from '../scene.ts';
import type { Case, Findings } from './case.ts';

const PROGRAM = fileURLToPath(new URL('../load/half-open.ts', import.meta.url));
/** Of each of the four kinds. */
const COUNT = 50;
/** The longest of the timeouts, idle connections to backends, and some for the checks to come around. */
const MOST_MS = 10_000;
const LIMITS = { headerTimeout: '2s', bodyIdleTimeout: '2s', keepAliveTimeout: '3s' };

export const halfOpen: Case = {
  name: 'half-open',
  about: 'clients vanish from the network in the middle of what they do',
  group: 'Half-open clients',
  isOwn: true,
  obstacle: noNamespaces,
  run: ({ rig }) => run(rig),
};

async function run(rig: Rig): Promise<Findings> {
  await using wire = await openWire();
  const near = { ...wire, atBackends: wire.atBalancer, hosts: Array<string>(3).fill('127.0.0.1') };
  await using scene = await Scene.open({
    rig,
    network: near,
    host: wire.balancerHost,
    settings: { limits: LIMITS },
  });
  const pids = (await scene.balancer.instance?.workerPids()) ?? [];
  const count = (): number => pids.reduce((sum, pid) => sum + socketCount(pid), 0);
  const before = count();
  const args = [wire.balancerHost, String(scene.balancer.port), String(COUNT)];
  const [file = '', ...rest] = [...wire.atBackends, process.execPath, PROGRAM, ...args];
  const clients = spawn(file, rest, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env: {} });
  await once(clients, 'message');
  const open = count() - before;
  wire.cut();
  const fromMs = nowMs();
  clients.kill('SIGKILL');
  await once(clients, 'exit');
  const isOver = await eventually(() => {
    if (count() > before) throw new Error('not yet');
    return true;
  }, MOST_MS).catch(() => false);
  const left = count() - before;
  return {
    figures: {
      'half-open': 4 * COUNT,
      'sockets more': open,
      'sockets left': Math.max(0, left),
      'closed ms': isOver ? nowMs() - fromMs : Number.POSITIVE_INFINITY,
    },
    broken: isOver ? [] : [`${left} sockets are left after ${MOST_MS} ms`],
  };
}
