/** Resident memory: at rest, and of a connection that a client only holds. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Arena, Entrant } from '../arena.ts';
import { usual } from '../contestants/peers.ts';
import { openIdle } from '../load/idle-connections.ts';
import { LOADS } from '../load/load.ts';
import { familyOf, familyResidentBytes, residentBytes } from '../proc.ts';
import { formatNumber, type Spread, spreadOf } from '../report/statistics.ts';
import { chosen, type Scenario, warmUp } from './scenario.ts';

interface Sample {
  readonly name: string;
  readonly restMiB: number;
  /** Of the process that serves; the same where there is only one. */
  readonly workerMB: number;
  readonly connectionKiB: number;
}

const CONNECTIONS = 10_000;

/** Signal handlers run, garbage is collected, pages go back. */
const SETTLE_MS = 1_500;

const COLLECTOR = new URL('../load/collect-garbage.mjs', import.meta.url).href;

export const rss: Scenario = {
  name: 'rss',
  about: `resident memory at rest, and of each of ${CONNECTIONS} idle connections, after a GC`,
  isDefault: false,
  async run(arena) {
    const samples: Sample[] = [];
    for (const contestant of chosen(usual, arena)) {
      const env = { NODE_OPTIONS: `--expose-gc --import=${COLLECTOR}` };
      const entrants = await arena.enter([contestant], LOADS.small, env);
      for (const entrant of entrants) {
        samples.push(await measure(arena, entrant));
        await entrant.stop();
      }
    }
    return {
      scenario: rss.name,
      about: rss.about,
      table: {
        columns: ['contestant', 'all processes MiB', 'worker MB', 'KiB/connection'],
        rows: samples.map(({ name, restMiB, workerMB, connectionKiB }) => [
          name,
          formatNumber(restMiB, 0),
          formatNumber(workerMB, 0),
          formatNumber(connectionKiB, 1),
        ]),
      },
      figures: Object.assign({}, ...samples.map(figuresOf)) as Record<string, Spread>,
      samples: Object.fromEntries(samples.map((sample) => [sample.name, sample])),
    };
  },
};

function figuresOf({ name, workerMB, connectionKiB }: Sample): Record<string, Spread> {
  return {
    [`${name} worker MB`]: spreadOf([workerMB]),
    [`${name} connection KiB`]: spreadOf([connectionKiB]),
  };
}

async function measure(arena: Arena, entrant: Entrant): Promise<Sample> {
  const { name, pid, port } = entrant;
  await settle(entrant);
  const restMiB = familyResidentBytes(pid) / 2 ** 20;
  const workerMB = residentBytes(workerOf(entrant)) / 1e6;
  // Code that is compiled and buffers that grow under load are not what a connection costs.
  await warmUp(arena, [entrant], LOADS.small);
  await settle(entrant);
  const before = familyResidentBytes(pid);
  using _held = await openIdle(port, CONNECTIONS);
  await settle(entrant);
  const connectionKiB = (familyResidentBytes(pid) - before) / 1024 / CONNECTIONS;
  return { name, restMiB, workerMB, connectionKiB };
}

/** The last process of the family: lbctl's worker, or the only one. */
function workerOf({ pid }: Entrant): number {
  return familyOf(pid).at(-1) ?? pid;
}

async function settle({ contestant, pid }: Entrant): Promise<void> {
  // The signal would end a program that does not expect it.
  if (contestant.isNode) for (const member of familyOf(pid)) process.kill(member, 'SIGPWR');
  await pause(SETTLE_MS);
}
