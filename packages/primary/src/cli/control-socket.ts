/**
 * Where an instance and lbctl meet when nothing is configured: one socket a configuration file, in a directory of the user.
 *
 *     $XDG_RUNTIME_DIR or /tmp / lb-<uid> / <hash of the configuration's path>.sock
 *
 * Security: /tmp belongs to everybody, so the directory is used only when it is ours and closed to others. Otherwise another user
 * could put sockets there and be taken for the balancer.
 */
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connectCode } from '../listeners/bind.ts';
import type { CliContext } from './cli-context.ts';

/** The directory of this user's sockets. */
export function socketDirectory({ env, uid }: Pick<CliContext, 'env' | 'uid'>): string {
  const runtime = env['XDG_RUNTIME_DIR'] ?? '';
  return join(runtime.startsWith('/') ? runtime : '/tmp', `lb-${uid}`);
}

/** The socket of the instance that runs by this file. @param configPath absolute */
export function socketNameOf(configPath: string): string {
  return `${createHash('sha256').update(configPath).digest('hex').slice(0, 12)}.sock`;
}

/** Makes the directory where needed. Returns why it must not be used, or undefined when it may. */
export async function openSocketDirectory(path: string, uid: number): Promise<string | undefined> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const refusal = await refuseDirectory(path, uid);
  if (refusal === undefined) await chmod(path, 0o700);
  return refusal;
}

/** Why the directory must not be trusted, or undefined when it may be, or is not there. */
export async function refuseDirectory(path: string, uid: number): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isDirectory()) return `${path} is no directory; use --socket PATH`;
  if (found.uid !== uid) return `${path} belongs to another user; use --socket PATH`;
  return undefined;
}

/** Sockets in the directory that somebody answers on. */
export async function liveSockets(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  const paths = names
    .filter((name) => name.endsWith('.sock'))
    .sort()
    .map((name) => join(directory, name));
  const codes = await Promise.all(paths.map(connectCode));
  return paths.filter((_, index) => codes[index] === 'OK');
}
