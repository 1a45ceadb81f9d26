/** How many files and sockets a process may have open. */
import { readFileSync } from 'node:fs';

/**
 * The limit of this process; undefined where there is none, or the system does not say. Node raises the soft limit to the hard
 * one when it starts, so there is nothing to raise here.
 * @see getrlimit(2), RLIMIT_NOFILE
 */
export function descriptorLimit(): number | undefined {
  let limits: string;
  try {
    limits = readFileSync('/proc/self/limits', 'latin1');
  } catch {
    // Not Linux.
    return undefined;
  }
  const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : Number(soft);
}
