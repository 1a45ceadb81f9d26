/** `lbctl start`: runs an instance in the foreground until a signal or `lbctl stop` ends it. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatConfigErrors } from '@lb/shared/config/diagnostics';
import { createLogger } from '@lb/shared/logging/logger';
import { descriptorLimit } from '@lb/shared/net/descriptor-limit';
import { systemClock, systemRandom } from '@lb/shared/time/clock';
import type { ConfigOrigin, ConfigOverrides, Loaded } from '../../config/config-origin.ts';
import { argumentsOrigin, fileOrigin } from '../../config/config-origin.ts';
import { Page } from '../../admin/page.ts';
import { BUILT_PAGE } from '../../built-page.ts';
import { inheritedDescriptors } from '../../listeners/inherited-sockets.ts';
import { Primary } from '../../primary.ts';
import { keepHeapSmall } from '../../small-heap.ts';
import { readVersion } from '../../version.ts';
import { clusterFork } from '../../workers/cluster-fork.ts';
import { warnOfDescriptors } from '../../workers/descriptor-need.ts';
import { bannerLines } from '../banner.ts';
import type { CliContext, GlobalOptions } from '../cli-context.ts';
import { NO_CONFIG_MESSAGE, locateConfig } from '../config-location.ts';
import { EXIT } from '../exit-codes.ts';
import { handleSignals } from '../instance-signals.ts';
import { chooseSocket, linkSocket } from '../instance-socket.ts';
import type { Output } from '../output.ts';

export interface StartOptions extends GlobalOptions {
  readonly listen?: string;
  readonly to?: readonly string[];
  readonly admin?: string;
  readonly workers?: number | 'auto';
}

export interface StartCall {
  readonly options: StartOptions;
  readonly context: CliContext;
  readonly output: Output;
}

/** Returns the exit code once the instance is gone. */
export async function start(call: StartCall): Promise<number> {
  keepHeapSmall();
  const { context, output, options } = call;
  const fault = usageFault(options);
  if (fault !== undefined) {
    output.error(fault);
    return EXIT.usage;
  }
  const origin = originOf(call);
  if (origin === undefined) {
    output.error(NO_CONFIG_MESSAGE);
    return EXIT.config;
  }
  const first = await origin.load();
  if (!first.ok) {
    output.report(formatConfigErrors(first.errors));
    return origin.path === null ? EXIT.usage : EXIT.config;
  }
  const wishes = {
    flag: options.socket,
    configured: first.config.admin.socket,
    configPath: origin.path,
  };
  const socket = await chooseSocket(wishes, context);
  if (!socket.ok) {
    output.error(socket.message);
    return EXIT.failure;
  }
  return run(call, origin, first, socket);
}

async function run(
  { context, output }: StartCall,
  origin: ConfigOrigin,
  first: Loaded,
  socket: { readonly path: string; readonly linkPath: string },
): Promise<number> {
  const { level, format } = first.config.log;
  const isTerminal = context.stderr.isTTY;
  const colours = output.usesColours(isTerminal);
  const log = createLogger({ level, format, process: 'primary', isTerminal, colours });
  context.onFailure((error) => log.fatal({ err: error }, 'primary failed'));
  warnOfDescriptors(first.config, descriptorLimit(), log);
  const page = readPage(first);
  if (page === 'not built') {
    output.error('the dashboard is not built\n  npm run build, or admin.dashboard: false');
    return EXIT.failure;
  }
  const primary = new Primary({
    origin,
    first,
    socketPath: socket.path,
    stateDir: first.config.stateDir ?? stateDirectory(context),
    inherited: inheritedDescriptors(context.env, context.pid),
    fork: clusterFork(fileURLToPath(import.meta.resolve('@lb/worker/main'))),
    page,
    version: readVersion(),
    log,
    clock: systemClock,
    random: systemRandom,
  });
  const exitCode = handleSignals(primary, context.onSignal, log);
  const started = await primary.start();
  if (!started.ok) {
    for (const { message, hint } of started.failures) output.error(`${message}\n  ${hint}`);
    return EXIT.failure;
  }
  const unlink = await linkSocket(socket);
  if (isTerminal && primary.state === 'running') {
    output.message(
      bannerLines(primary.view.status(), primary.view.pools(), primary.adminAddress).join('\n'),
    );
  }
  await primary.finished;
  await unlink();
  return exitCode();
}

/** The page beside the program, when the configuration wants one. */
function readPage({ config }: Loaded): Page | undefined | 'not built' {
  if (!config.admin.dashboard) return undefined;
  try {
    return new Page(BUILT_PAGE);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'not built';
    throw error;
  }
}

/** What systemd made for the unit, the first of them. @see StateDirectory= in systemd.exec(5) */
function stateDirectory({ env, cwd }: CliContext): string | null {
  const first = (env['STATE_DIRECTORY'] ?? '').split(':')[0] ?? '';
  return first === '' ? null : resolve(cwd, first);
}

function usageFault({ to, listen, admin, config }: StartOptions): string | undefined {
  if (to === undefined) {
    const lone = listen === undefined ? admin && '--admin' : '--listen';
    return lone && `${lone} goes with --to URL; with a file, the file says it`;
  }
  return config === undefined ? undefined : '--to and --config exclude each other';
}

/** Undefined when there is neither a file nor --to. */
function originOf({ options, context }: StartCall): ConfigOrigin | undefined {
  const { to, listen, admin, workers } = options;
  const overrides: ConfigOverrides = {
    ...(workers !== undefined && { workers }),
    ...(options.verbose === true && { logLevel: 'debug' }),
    ...(options.quiet === true && { logLevel: 'error' }),
  };
  if (to !== undefined)
    return argumentsOrigin({ listen, to, admin, workers }, overrides, context.env);
  const location = locateConfig(options, context);
  return location && fileOrigin({ ...location, env: context.env, overrides });
}
