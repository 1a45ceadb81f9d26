/** Something that is measured in one go; registry.ts lists them. */
import type { Arena, Entrant } from '../arena.ts';
import type { Contestant } from '../contestants/contestant.ts';
import type { Load } from '../load/load.ts';
import { saturate } from '../load/wrk.ts';
import type { Spread } from '../report/statistics.ts';
import type { Table } from '../report/table.ts';
import type { Tool } from '../tools.ts';

export interface Scenario {
  readonly name: string;
  /** What happens in it, in a few words. */
  readonly about: string;
  /** Part of a run that names no scenario. */
  readonly isDefault: boolean;
  /** What must be installed beside the contestants. */
  readonly needs?: Tool;
  run(arena: Arena): Promise<Result>;
}

export interface Result {
  readonly scenario: string;
  readonly about: string;
  readonly table: Table;
  /** What goals are about: ratios as `one : other`, and figures with their unit in the name. */
  readonly figures: Readonly<Record<string, Spread>>;
  /** What was measured, by contestant, in the order of the rounds. */
  readonly samples: Readonly<Record<string, unknown>>;
}

/** Those that `--only` leaves. */
export function chosen(contestants: readonly Contestant[], { options }: Arena): Contestant[] {
  return contestants.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
}

/** Connections and buffers, and with Node compiled code, are there before anything counts. */
export async function warmUp(
  arena: Arena,
  entrants: readonly Entrant[],
  load: Load,
): Promise<void> {
  for (const { port, contestant } of entrants)
    await saturate(arena.processes, port, load, contestant.isNode ? NODE_WARM_UP_SECONDS : 1);
}

/** After two seconds the first round still cost half as much again as the others (Node 24.21, on a CPU shared with others). */
const NODE_WARM_UP_SECONDS = 4;
