/** Chooses where a new instance is reached, and makes sure that it is the only one there. */
import { readlink, symlink, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AdminClient, AdminUnreachable } from '@lb/shared/admin-api/client';
import type { StatusReply } from '@lb/shared/admin-api/contract';
import type { CliContext } from './cli-context.ts';
import { openSocketDirectory, socketDirectory, socketNameOf } from './control-socket.ts';

/** What the paths depend on. */
export interface SocketWishes {
  /** --socket. */
  readonly flag: string | undefined;
  /** admin.socket. */
  readonly configured: string | null;
  /** Absolute; null without a file. */
  readonly configPath: string | null;
}

/** `linkPath` is where lbctl looks when it knows nothing but the configuration's path; it may be `path` itself. */
export type ChosenSocket =
  | { readonly ok: true; readonly path: string; readonly linkPath: string }
  | { readonly ok: false; readonly message: string };

/**
 * Refuses when an instance answers there already. One that is told where may be another of the same configuration, from which it
 * differs by its environment: it leaves the link to who has it.
 */
export async function chooseSocket(
  { flag, configured, configPath }: SocketWishes,
  context: CliContext,
): Promise<ChosenSocket> {
  const directory = socketDirectory(context);
  const refusal = await openSocketDirectory(directory, context.uid);
  if (refusal !== undefined) return { ok: false, message: refusal };
  const name = configPath === null ? `pid-${context.pid}.sock` : socketNameOf(configPath);
  const linkPath = join(directory, name);
  const chosen = flag === undefined ? configured : resolve(context.cwd, flag);
  const path = chosen ?? linkPath;
  const message = await runningMessage(path, configPath);
  if (message !== undefined) return { ok: false, message };
  const isLinked = path !== linkPath && (await runningMessage(linkPath, configPath)) !== undefined;
  return { ok: true, path, linkPath: isLinked ? path : linkPath };
}

/** Leaves a link at the default place when the socket is elsewhere. Returns what takes it away again. */
export async function linkSocket({
  path,
  linkPath,
}: {
  readonly path: string;
  readonly linkPath: string;
}): Promise<() => Promise<void>> {
  if (path === linkPath) return async () => undefined;
  await unlink(linkPath).catch(ignore('ENOENT'));
  // Another one of the same configuration may start at the same moment, and be first.
  await symlink(path, linkPath).catch(ignore('EEXIST'));
  return async () => {
    if ((await readlink(linkPath).catch(ignore('ENOENT'))) === path) await unlink(linkPath);
  };
}

async function runningMessage(
  socketPath: string,
  configPath: string | null,
): Promise<string | undefined> {
  try {
    const { pid, config } = await new AdminClient({ socketPath }).get<StatusReply>(
      '/api/v1/status',
    );
    return config.path === configPath && configPath !== null
      ? `already running with this configuration (pid ${pid}); "lbctl reload" applies a change, "lbctl stop" ends it`
      : `another instance (pid ${pid}) answers on ${socketPath}; choose another one with --socket`;
  } catch (error) {
    if (!(error instanceof AdminUnreachable)) throw error;
    const isFree = error.reason === 'missing' || error.reason === 'refused';
    return isFree ? undefined : `somebody holds the control socket: ${error.message}`;
  }
}

function ignore(code: string): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code !== code) throw error;
  };
}
