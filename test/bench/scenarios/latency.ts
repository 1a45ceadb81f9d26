/** How long a request takes at half of what the contestant can do: one rate for all would be rest for one, too much for another. */
import type { Arena, Entrant } from '../arena.ts';
import { usual } from '../contestants/peers.ts';
import { type Latencies, latenciesAt } from '../load/h2load.ts';
import { LOADS } from '../load/load.ts';
import { saturate } from '../load/wrk.ts';
import { formatNumber, formatSpread, ratioOf, spreadOf } from '../report/statistics.ts';
import { interleave } from '../rounds.ts';
import { chosen, type Scenario, warmUp } from './scenario.ts';

interface Sample extends Latencies {
  /** Measured just before; the machine may be slower a minute later. */
  readonly mostPerSecond: number;
}

const SHARE = 0.5;

export const latency: Scenario = {
  name: 'latency',
  about: 'GET 110 bytes at half of its own most requests/s, 50 keep-alive connections',
  isDefault: true,
  needs: 'h2load',
  async run(arena) {
    const entrants = await arena.enter(chosen(usual, arena), LOADS.small);
    await warmUp(arena, entrants, LOADS.small);
    const samples = await interleave(entrants, arena.options.rounds, (entrant) =>
      measure(arena, entrant),
    );
    await Promise.all(entrants.map((entrant) => entrant.stop()));
    const p99Of = (name: string): number[] => (samples.get(name) ?? []).map(({ p99 }) => p99);
    const ratios = Object.fromEntries(
      [...samples.keys()].map((name) => [`lbctl : ${name}`, ratioOf(p99Of('lbctl'), p99Of(name))]),
    );
    const rows = [...samples].map(([name, taken]) => {
      const ratio = ratios[`lbctl : ${name}`];
      return [
        name,
        formatNumber(spreadOf(taken.map((sample) => sample.mostPerSecond)).median, 0),
        formatSpread(spreadOf(taken.map(({ p50 }) => p50)), 0),
        formatSpread(spreadOf(p99Of(name)), 0),
        ratio === undefined ? '-' : formatSpread(ratio, 2),
      ];
    });
    return {
      scenario: latency.name,
      about: latency.about,
      table: {
        columns: ['contestant', 'most requests/s', 'p50 µs', 'p99 µs', 'p99 lbctl : it'],
        rows,
      },
      figures: ratios,
      samples: Object.fromEntries(samples),
    };
  },
};

async function measure(arena: Arena, { port }: Entrant): Promise<Sample> {
  const { processes, folder, options } = arena;
  const { requestsPerSecond } = await saturate(processes, port, LOADS.small, 1);
  const pace = { port, requestsPerSecond: requestsPerSecond * SHARE, seconds: options.seconds };
  return { mostPerSecond: requestsPerSecond, ...(await latenciesAt(processes, folder, pace)) };
}
