/** The command line of the benchmark. */
import { parseArgs } from 'node:util';
import { everybody } from './contestants/peers.ts';
import type { Scenario } from './scenarios/scenario.ts';

export interface Options {
  /** In the order of the registry. */
  readonly scenarios: readonly Scenario[];
  /** Names of contestants; empty = all. */
  readonly only: readonly string[];
  /** Of every contestant, where CPU time is measured: V8 does not compile a program in the same way each time. */
  readonly starts: number;
  /** Of each start. */
  readonly rounds: number;
  /** Of one measurement. */
  readonly seconds: number;
  readonly writesPage: boolean;
}

/** What stands in the way of a run: a wrong option, a missing program. Its message is for the person who typed. */
export class UsageError extends Error {}

/** What was asked for, or undefined for `--help`. @throws UsageError for an option that there is none of */
export function readOptions(args: string[], all: readonly Scenario[]): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  return {
    scenarios: scenariosNamed(list(values.scenario), all),
    only: known('contestant', list(values.only), everybody),
    starts: positive('--starts', values.starts, Number.isInteger),
    rounds: positive('--rounds', values.rounds, Number.isInteger),
    seconds: positive('--seconds', values.seconds, Number.isFinite),
    writesPage: values.write,
  };
}

/** The text of `--help`. */
export function helpText(all: readonly Scenario[]): string {
  const lines = all.map(
    ({ name, about, isDefault }) => `  ${isDefault ? '*' : ' '} ${name.padEnd(11)}${about}`,
  );
  return `npm run bench [-- options]

CPU time per request, latency and memory of lbctl and its peers, interleaved in short rounds.

  --scenario A,B   what to measure, or "all"; without it, what has a star below
  --only A,B       contestants, such as nginx,lbctl; where lbctl meets itself, all stay
  --starts N       how often contestants are started anew, where CPU time is measured (1)
  --rounds N       how often each contestant has its turn after a start (5)
  --seconds N      length of a turn (2)
  --write          put the tables into docs/performance.md, in place of those before
  --help           this text

Scenarios:
${lines.join('\n')}

Needs nginx, wrk and taskset, and two CPUs; haproxy, caddy and h2load take part where they are installed.`;
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        scenario: { type: 'string', default: '' },
        only: { type: 'string', default: '' },
        starts: { type: 'string', default: '1' },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '2' },
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function scenariosNamed(names: readonly string[], all: readonly Scenario[]): readonly Scenario[] {
  if (names.length === 0) return all.filter(({ isDefault }) => isDefault);
  if (names.includes('all')) return all;
  known('scenario', names, all);
  return all.filter(({ name }) => names.includes(name));
}

/** The names. @throws UsageError for one that nothing has */
function known(
  what: string,
  names: readonly string[],
  all: readonly { readonly name: string }[],
): readonly string[] {
  const unknown = names.find((wanted) => !all.some(({ name }) => name === wanted));
  if (unknown === undefined) return names;
  const there = all.map(({ name }) => name).join(', ');
  throw new UsageError(`no ${what} "${unknown}"; there are: ${there}`);
}

function list(text: string): string[] {
  return text.split(',').filter((name) => name !== '');
}

function positive(option: string, text: string, fits: (value: number) => boolean): number {
  const value = Number(text);
  if (!fits(value) || value <= 0)
    throw new UsageError(`${option} ${text}: expected a number above zero`);
  return value;
}
