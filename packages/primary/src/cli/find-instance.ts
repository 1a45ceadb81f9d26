/** Finds the instance a client verb talks to: --socket, else the configuration's, else the only one there is. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { CliContext, GlobalOptions } from './cli-context.ts';
import { locateConfig } from './config-location.ts';
import type { ConfigLocation } from './config-location.ts';
import { liveSockets, refuseDirectory, socketDirectory, socketNameOf } from './control-socket.ts';
import { EXIT } from './exit-codes.ts';

/** Where to connect, or what to tell the user and with which exit code. */
export type FoundInstance =
  | { readonly ok: true; readonly socketPath: string; readonly configShown: string | null }
  | { readonly ok: false; readonly exitCode: number; readonly message: string };

/** Does not connect, unless there is nothing but the running instances themselves to go by. */
export async function findInstance(
  options: Pick<GlobalOptions, 'config' | 'socket'>,
  context: CliContext,
): Promise<FoundInstance> {
  if (options.socket !== undefined) {
    const socketPath = resolve(context.cwd, options.socket);
    return { ok: true, socketPath, configShown: null };
  }
  const location = locateConfig(options, context);
  const configured = location && (await configuredSocket(location, context));
  if (location !== undefined && configured !== undefined) {
    return { ok: true, socketPath: configured, configShown: location.shown };
  }
  const directory = socketDirectory(context);
  const refusal = await refuseDirectory(directory, context.uid);
  if (refusal !== undefined) return { ok: false, exitCode: EXIT.failure, message: refusal };
  if (location !== undefined) {
    const socketPath = join(directory, socketNameOf(location.path));
    return { ok: true, socketPath, configShown: location.shown };
  }
  return onlyInstance(directory);
}

/** The sentence for when nobody answers. */
export function unreachableMessage(socketPath: string, configShown: string | null): string {
  const which = configShown === null ? '' : ` for ${configShown}`;
  return `no running instance${which}: nobody answers on ${socketPath}`;
}

async function onlyInstance(directory: string): Promise<FoundInstance> {
  const live = await liveSockets(directory);
  const [only] = live;
  if (only === undefined) {
    const message = `no running instance: no configuration file here, and nobody answers in ${directory}`;
    return { ok: false, exitCode: EXIT.unreachable, message };
  }
  if (live.length === 1) return { ok: true, socketPath: only, configShown: null };
  const list = live.map((path) => `  --socket ${path}`).join('\n');
  const message = `${live.length} instances are running; choose one with -c FILE or\n${list}`;
  return { ok: false, exitCode: EXIT.usage, message };
}

/**
 * admin.socket of the file, if it has one. A file that is broken now may be the one a running instance was started with, so its mistakes
 * are not for here: the instance is then looked for where instances are by default, and start leaves a link there.
 */
async function configuredSocket(
  location: ConfigLocation,
  { env }: CliContext,
): Promise<string | undefined> {
  let text: string;
  try {
    text = readFileSync(location.path, 'utf8');
  } catch {
    return undefined;
  }
  // Most files name none, and to read one with the schema takes longer than what the verb is for.
  if (!text.includes('socket')) return undefined;
  const { parseConfig } = await import('@lb/shared/config/parse');
  const parsed = parseConfig({
    file: location.shown,
    text,
    env,
    readFile: (name) => readFileSync(resolve(dirname(location.path), name), 'utf8'),
  });
  return (parsed.ok ? parsed.config.admin.socket : null) ?? undefined;
}
