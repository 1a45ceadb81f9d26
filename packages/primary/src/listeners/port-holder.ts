/** Finds who listens on a port, as far as /proc tells this user. Used for messages only. */
import { readFile, readdir, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

/** A process that listens. */
export interface PortHolder {
  readonly pid: number;
  readonly name: string;
}

/** Column values of /proc/net/tcp, see proc_net_tcp(5). */
const STATE_LISTEN = '0A';
const LOCAL_ADDRESS = 1;
const STATE = 3;
const INODE = 9;

/**
 * The process that listens on a TCP port, whatever its address; this process itself when it is one of them. Undefined when
 * nobody does, when the holder is another user's, or when there is no /proc.
 */
export async function findPortHolder(port: number): Promise<PortHolder | undefined> {
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const inode of listeningInodes(await readOrEmpty(table), port)) inodes.add(inode);
  }
  if (inodes.size === 0) return undefined;
  const links = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  const entries = await readdir('/proc').catch(() => []);
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
  for (const pid of pids.sort((a, b) => rank(a) - rank(b))) {
    if (!(await holdsAny(pid, links))) continue;
    return { pid, name: await nameOf(pid) };
  }
  return undefined;
}

/** Inodes of the sockets that listen on the port, out of the text of /proc/net/tcp or tcp6. */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[STATE] === STATE_LISTEN)
    .filter((columns) => columns[LOCAL_ADDRESS]?.endsWith(suffix) === true)
    .flatMap((columns) => columns[INODE] ?? []);
}

/** This process first, then the oldest: a server's parent rather than its children. */
function rank(pid: number): number {
  return pid === process.pid ? 0 : pid;
}

async function holdsAny(pid: number, links: ReadonlySet<string>): Promise<boolean> {
  // Processes come and go while this reads, and those of other users are closed to us: both hold nothing we can name.
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const descriptor of descriptors) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
    if (links.has(target)) return true;
  }
  return false;
}

/** The program rather than the thread's name, which is MainThread for every Node. */
async function nameOf(pid: number): Promise<string> {
  const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
  return program === ''
    ? (await readOrEmpty(`/proc/${pid}/comm`)).trim()
    : basename(program.replace(/ \(deleted\)$/, ''));
}

async function readOrEmpty(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
