/** The verbs of lbctl that change backends at run time: drain, enable, disable, weight, overrides. */
import { type Command, InvalidArgumentError } from 'commander';
import { isWeight, LARGEST_WEIGHT } from '../overrides/override.ts';
import { clearOverrides } from './commands/clear-overrides.ts';
import type { ClientCall } from './commands/client.ts';
import { disable } from './commands/disable.ts';
import { drain } from './commands/drain.ts';
import { enable } from './commands/enable.ts';
import { overrides } from './commands/overrides.ts';
import { weight } from './commands/weight.ts';
import { duration } from './duration.ts';

/** What a verb needs of the command line around it. */
export interface VerbSetting {
  readonly surroundings: (command: Command) => ClientCall;
  readonly exit: (code: number) => void;
}

interface Forced {
  readonly force?: boolean;
}

interface DrainFlags extends Forced {
  readonly wait?: boolean;
  readonly deadline?: number;
}

/** Adds them to the program. */
export function addBackendVerbs(program: Command, { surroundings, exit }: VerbSetting): void {
  const verb = (name: string, description: string): Command =>
    program.command(name).description(description).argument('<pool/backend>');

  verb('drain', 'no new traffic; sessions stay, what is in flight goes on')
    .option('--wait', 'until nothing is in flight, or the deadline has passed')
    .option('--deadline <duration>', 'disable it after this time, such as 10m', duration)
    .option(...FORCE)
    .action(async (target: string, { wait, deadline, force }: DrainFlags, command: Command) => {
      const wish = { wait: wait === true, deadlineMs: deadline, force: force === true };
      exit(await drain(surroundings(command), target, wish));
    });

  verb('enable', 'take back a drain or a disable, end an ejection').action(
    async (target: string, _options, command: Command) => {
      exit(await enable(surroundings(command), target));
    },
  );

  verb('disable', 'no traffic at once; what is in flight goes on')
    .option(...FORCE)
    .action(async (target: string, { force }: Forced, command: Command) => {
      exit(await disable(surroundings(command), target, force === true));
    });

  verb('weight', 'another share of the traffic')
    .argument('<n>', `0 to ${LARGEST_WEIGHT}, or default for the configured one`, weightOrDefault)
    .option(...FORCE)
    .action(async (target: string, wanted: number | null, { force }: Forced, command: Command) => {
      const wish = { weight: wanted, force: force === true };
      exit(await weight(surroundings(command), target, wish));
    });

  program
    .command('overrides')
    .description('what was changed about backends at run time')
    .action(async (_options, command: Command) => {
      exit(await overrides(surroundings(command)));
    })
    .command('clear')
    .description('take all of it back')
    .action(async (_options, command: Command) => {
      exit(await clearOverrides(surroundings(command)));
    });
}

const FORCE = ['--force', 'even when the pool is left with no backend for new traffic'] as const;

function weightOrDefault(text: string): number | null {
  if (text === 'default') return null;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (isWeight(number)) return number;
  throw new InvalidArgumentError(
    `expected a whole number from 0 to ${LARGEST_WEIGHT}, or "default".`,
  );
}
