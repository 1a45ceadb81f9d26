/** Whether a process is there. */
import { readFileSync } from 'node:fs';

/** False also for one that has ended while its parent has not asked how yet: a supervisor may take its time. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Refused (EPERM) means that it is there, and another user's.
    return hasCode(error, 'EPERM');
  }
  return !isZombie(pid);
}

/** The name before the state may hold anything, a parenthesis too: the last one counts. @see proc_pid_stat(5) */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
  } catch (error) {
    // No /proc on this system, or gone just now, which the next look sees.
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
