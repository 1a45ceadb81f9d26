/**
 * The command line of lbctl: which verbs and options there are. One verb, one file in commands/. Verbs that read configurations are
 * loaded when they are asked for: the schema takes longer to set up than a running instance to answer.
 */
import { systemClock } from '@lb/shared/time/clock';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { readVersion } from '../version.ts';
import { addBackendVerbs } from './backend-verbs.ts';
import { addCacheVerbs } from './cache-verbs.ts';
import type { CliContext } from './cli-context.ts';
import { backends } from './commands/backends.ts';
import type { CheckOptions } from './commands/check.ts';
import { reload } from './commands/reload.ts';
import type { StartOptions } from './commands/start.ts';
import { status } from './commands/status.ts';
import { stop } from './commands/stop.ts';
import { duration, guardDuration } from './duration.ts';
import { EXIT } from './exit-codes.ts';
import { addObserveVerbs } from './observe-verbs.ts';
import { Output } from './output.ts';
import { UNSUPPORTED_VERBS, unsupportedMessage } from './unsupported-verbs.ts';

/** `reload --guard` without a time. */
const DEFAULT_GUARD_MS = 30_000;

/** Runs lbctl with these arguments (without node and script) and returns its exit code. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = buildProgram(context, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help that was asked for is no mistake; help because nothing was asked for is.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

function buildProgram(context: CliContext, exit: (code: number) => void): Command {
  const program = baseProgram(context);
  const surroundings = (command: Command) => {
    // Every verb's own options are optional, so what a verb does not have is merely absent.
    const options = command.optsWithGlobals<StartOptions & CheckOptions>();
    return { options, context, output: new Output(context, options) };
  };

  program
    .command('start')
    .description('run in the foreground')
    .option('--workers <n>', 'worker processes, or auto; over the file', workerCount)
    .option('--listen <addr>', 'where clients connect, with --to (default :8080)')
    .option('--to <url...>', 'backends; no file is needed then')
    .option('--admin <addr>', 'admin server, with --to (default 127.0.0.1:9090)')
    .action(async (_options, command: Command) => {
      const { start } = await import('./commands/start.ts');
      exit(await start(surroundings(command)));
    });

  program
    .command('stop')
    .description('stop gracefully, and wait until it is gone')
    .option('--timeout <duration>', 'for requests in flight, such as 30s', duration)
    .action(async ({ timeout }: { timeout?: number }, command: Command) => {
      exit(await stop(surroundings(command), timeout));
    });

  program
    .command('reload')
    .description('read the configuration again, in place, and print what changed')
    .option(
      '--guard [duration]',
      'go back when errors or p99 get worse within this time (default 30s)',
      guardDuration,
    )
    .action(async ({ guard }: { guard?: number | true }, command: Command) => {
      exit(await reload(surroundings(command), guard === true ? DEFAULT_GUARD_MS : guard));
    });

  program
    .command('plan')
    .description('what a reload would change, and what that does to traffic')
    .action(async (_options, command: Command) => {
      const { plan } = await import('./commands/plan.ts');
      exit(await plan(surroundings(command)));
    });

  program
    .command('check')
    .alias('validate')
    .description('say everything that is wrong with the configuration')
    .option('--probe', 'also connect to every backend')
    .action(async (_options, command: Command) => {
      const { check } = await import('./commands/check.ts');
      exit(await check(surroundings(command)));
    });

  program
    .command('status')
    .description('version, uptime, configuration, workers, pools')
    .action(async (_options, command: Command) => {
      exit(await status(surroundings(command), systemClock.wallMs()));
    });

  program
    .command('backends')
    .description('one line per backend: state, weight, traffic, last probe')
    .action(async (_options, command: Command) => {
      exit(await backends(surroundings(command)));
    });

  addBackendVerbs(program, { surroundings, exit });
  addObserveVerbs(program, { surroundings, exit });
  addCacheVerbs(program, { surroundings, exit });

  program
    .command('schema')
    .description('the JSON schema of lb.yaml, for editors')
    .action(async (_options, command: Command) => {
      const { lbJsonSchema } = await import('@lb/shared/config/json-schema');
      surroundings(command).output.json(lbJsonSchema());
    });

  program
    .command('version')
    .description('the version of lbctl and of Node')
    .action((_options, command: Command) => {
      const { output, options } = surroundings(command);
      const versions = { version: readVersion(), node: process.versions.node };
      if (options.json === true) output.json(versions);
      else output.data(`lbctl ${versions.version} (node ${versions.node})`);
    });

  for (const verb of UNSUPPORTED_VERBS) {
    program
      .command(verb, { hidden: true })
      .allowUnknownOption()
      .allowExcessArguments()
      .helpOption(false)
      .action((_options, command: Command) => {
        surroundings(command).output.error(unsupportedMessage(verb));
        exit(EXIT.usage);
      });
  }
  return program;
}

/** Everything but the verbs. Verbs inherit how it fails and where it writes. */
function baseProgram(context: CliContext): Command {
  return new Command('lbctl')
    .description('HTTP load balancer')
    .option(
      '-c, --config <file>',
      'configuration (else $LBCTL_CONFIG, ./lb.yaml, /etc/lbctl/lb.yaml)',
    )
    .option('--socket <path>', 'control socket of the instance')
    .option('--json', 'data as JSON')
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .option('-q, --quiet', 'errors only')
    .option('-v, --verbose', 'more in the log')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(lbctl help says what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'lbctl: ')),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

function workerCount(text: string): number | 'auto' {
  if (text === 'auto') return 'auto';
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > 1024) {
    throw new InvalidArgumentError('expected "auto" or a whole number from 1 to 1024.');
  }
  return count;
}
