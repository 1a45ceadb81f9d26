/** The command line of the fault suite. */
import { parseArgs } from 'node:util';
import type { Case } from './cases/case.ts';
import type { Rig } from './rigs/rig.ts';

export interface Options {
  readonly cases: readonly Case[];
  readonly rigs: readonly Rig[];
  readonly requests: number;
  readonly rate: number;
  readonly writesDocs: boolean;
}

/** A wrong option; its message is for the person who typed. */
export class UsageError extends Error {}

const USUAL = { requests: 50_000, rate: 1_000 };
const QUICK = { requests: 3_000, rate: 500 };

/** What was asked for, or undefined for `--help`. @param rigs lbctl first @throws UsageError for what there is none of */
export function readOptions(
  args: string[],
  cases: readonly Case[],
  rigs: readonly Rig[],
): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const usual = values.quick ? QUICK : USUAL;
  const peers = values.peers ? rigs.slice(1) : named('peer', values.peer, rigs.slice(1));
  return {
    cases: values.case === undefined ? cases : named('case', values.case, cases),
    rigs: [...rigs.slice(0, 1), ...peers],
    requests: positive('--requests', values.requests, usual.requests),
    rate: positive('--rate', values.rate, usual.rate),
    writesDocs: values['write-docs'],
  };
}

/** The text of `--help`. */
export function helpText(cases: readonly Case[]): string {
  return `npm run test:faults [-- options]

What is lost, and for how long, while things fail: lbctl, and its peers on the same rig.

  --case A,B       these cases; without it, all
  --peer nginx     beside it nginx, haproxy or both, with a comma between
  --peers          beside it all that are installed
  --requests N     GETs of a case (${USUAL.requests})
  --rate N         requests a second (${USUAL.rate})
  --quick          ${QUICK.requests} GETs at ${QUICK.rate} a second
  --write-docs     put the tables into docs/reliability.md, in place of those before
  --help           this text

Cases:
${cases.map(({ name, about }) => `  ${name.padEnd(22)}${about}`).join('\n')}`;
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        case: { type: 'string' },
        peer: { type: 'string', default: '' },
        peers: { type: 'boolean', default: false },
        requests: { type: 'string' },
        rate: { type: 'string' },
        quick: { type: 'boolean', default: false },
        'write-docs': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function named<T extends { readonly name: string }>(
  what: string,
  text: string,
  all: readonly T[],
): readonly T[] {
  const names = text.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !all.some((one) => one.name === name));
  if (unknown === undefined) return all.filter(({ name }) => names.includes(name));
  const there = all.map(({ name }) => name).join(', ');
  throw new UsageError(`no ${what} "${unknown}"; there are: ${there}`);
}

function positive(option: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new UsageError(`${option} ${text}: expected a number above zero`);
  return value;
}
