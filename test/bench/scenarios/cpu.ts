/** CPU time of a contestant's processes per request, at as many requests as it takes. */
import type { Arena, Entrant } from '../arena.ts';
import type { Contestant } from '../contestants/contestant.ts';
import type { Load } from '../load/load.ts';
import { saturate } from '../load/wrk.ts';
import { cpuMicroseconds, familyResidentBytes } from '../proc.ts';
import {
  formatNumber,
  formatSpread,
  ratioOf,
  type Spread,
  spreadOf,
} from '../report/statistics.ts';
import type { Table } from '../report/table.ts';
import { interleave } from '../rounds.ts';
import { chosen, type Scenario, warmUp } from './scenario.ts';

interface Plan {
  readonly name: string;
  readonly about: string;
  readonly isDefault?: boolean;
  readonly load: Load;
  readonly contestants: readonly Contestant[];
}

interface Sample {
  readonly microseconds: number;
  readonly requestsPerSecond: number;
  readonly residentMiB: number;
}

/** Who is divided by whom. */
interface Pairing {
  readonly heading: string;
  pair(name: string): readonly [numerator: string, denominator: string];
}

/** lbctl among others: by how much it costs more, or less, than each of them. */
export function amongPeers(plan: Plan): Scenario {
  const pairing: Pairing = { heading: 'lbctl : it', pair: (name) => ['lbctl', name] };
  return scenario(plan, (arena) => chosen(plan.contestants, arena), pairing);
}

interface LoadsPlan extends Omit<Plan, 'load' | 'contestants'> {
  readonly contestant: Contestant;
  /** By name. */
  readonly loads: Readonly<Record<string, Load>>;
}

/**
 * What one instance is asked for, by turns: by how much each costs more than the first. Two instances differ by more than what
 * they are asked for: where their memory came to lie, and what was compiled how.
 */
export function amongLoads({ loads, contestant, ...plan }: LoadsPlan): Scenario {
  const names = Object.keys(loads);
  const [first = ''] = names;
  const load = loads[first];
  if (load === undefined) throw new Error(`${plan.name} has no loads`);
  const pairing: Pairing = { heading: `it : ${first}`, pair: (name) => [name, first] };
  return scenario({ ...plan, load }, () => [contestant], pairing, loads);
}

/** Variants of lbctl: by how much each costs more than the first. `--only` leaves them alone. */
export function amongVariants(plan: Plan): Scenario {
  const first = plan.contestants[0]?.name ?? '';
  const pairing: Pairing = { heading: `it : ${first}`, pair: (name) => [name, first] };
  return scenario(plan, () => plan.contestants, pairing);
}

function scenario(
  { name, about, isDefault = false, load }: Omit<Plan, 'contestants'>,
  contestantsIn: (arena: Arena) => readonly Contestant[],
  pairing: Pairing,
  loads?: Readonly<Record<string, Load>>,
): Scenario {
  return {
    name,
    about,
    isDefault,
    async run(arena) {
      const samples = new Map<string, Sample[]>();
      for (let start = 0; start < arena.options.starts; start++) {
        const entrants = await arena.enter(contestantsIn(arena), load);
        await warmUp(arena, entrants, load);
        const turns = turnsOf(entrants, load, loads);
        const taken = await interleave(turns, arena.options.rounds, (turn) =>
          measure(arena, turn.entrant, turn.load),
        );
        for (const [who, more] of taken) samples.set(who, [...(samples.get(who) ?? []), ...more]);
        await Promise.all(entrants.map((entrant) => entrant.stop()));
      }
      const ratios = ratiosOf(samples, pairing);
      return {
        scenario: name,
        about,
        table: tableOf(samples, ratios, pairing),
        figures: ratios,
        samples: Object.fromEntries(samples),
      };
    },
  };
}

/** What is measured in a round. */
interface Turn {
  readonly name: string;
  readonly entrant: Entrant;
  readonly load: Load;
}

/** @param loads by name; without them all are asked the same, and each has one turn by its own name */
function turnsOf(
  entrants: readonly Entrant[],
  load: Load,
  loads: Readonly<Record<string, Load>> | undefined,
): readonly Turn[] {
  if (loads === undefined)
    return entrants.map((entrant) => ({ name: entrant.name, entrant, load }));
  const named = Object.entries(loads);
  return entrants.flatMap((entrant) =>
    named.map(([name, asked]) => ({ name, entrant, load: asked })),
  );
}

async function measure(arena: Arena, { pid, port }: Entrant, load: Load): Promise<Sample> {
  const before = cpuMicroseconds(pid);
  const answered = await saturate(arena.processes, port, load, arena.options.seconds);
  return {
    microseconds: (cpuMicroseconds(pid) - before) / answered.requests,
    requestsPerSecond: answered.requestsPerSecond,
    residentMiB: familyResidentBytes(pid) / 2 ** 20,
  };
}

type Samples = ReadonlyMap<string, readonly Sample[]>;

function ratiosOf(samples: Samples, pairing: Pairing): Record<string, Spread> {
  const micros = (name: string): number[] =>
    (samples.get(name) ?? []).map(({ microseconds }) => microseconds);
  return Object.fromEntries(
    [...samples.keys()].map((name) => {
      const [numerator, denominator] = pairing.pair(name);
      return [`${numerator} : ${denominator}`, ratioOf(micros(numerator), micros(denominator))];
    }),
  );
}

function tableOf(samples: Samples, ratios: Record<string, Spread>, pairing: Pairing): Table {
  const rows = [...samples].map(([name, taken]) => {
    const micros = spreadOf(taken.map(({ microseconds }) => microseconds));
    const ratio = ratios[pairing.pair(name).join(' : ')];
    return [
      name,
      formatSpread(micros, 1),
      ratio === undefined ? '-' : formatSpread(ratio, 2),
      formatNumber(spreadOf(taken.map((sample) => sample.requestsPerSecond)).median, 0),
      formatNumber(spreadOf(taken.map(({ residentMiB }) => residentMiB)).median, 0),
    ];
  });
  return {
    columns: ['contestant', 'CPU µs/request', pairing.heading, 'requests/s', 'RSS MiB'],
    rows,
  };
}
