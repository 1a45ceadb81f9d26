/** CPU time and memory of a process and everything below it, from /proc. */
import { readFileSync, readdirSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second whatever the kernel's own tick (sysconf _SC_CLK_TCK). */
const MICROSECONDS_PER_TICK = 10_000;

/** User and system time of the family in microseconds. */
export function cpuMicroseconds(root: number): number {
  return familyOf(root).reduce((sum, pid) => sum + ticksOf(pid), 0) * MICROSECONDS_PER_TICK;
}

/** The same of one process alone. */
export function ownCpuMicroseconds(pid: number): number {
  return ticksOf(pid) * MICROSECONDS_PER_TICK;
}

/** Resident memory of one process in bytes; 0 when it is gone. */
export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readProc(`${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Resident memory of the family in bytes. */
export function familyResidentBytes(root: number): number {
  return familyOf(root).reduce((sum, pid) => sum + residentBytes(pid), 0);
}

/** Process ids: the root's own first, then those of its children and theirs. */
export function familyOf(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = Number(fieldsOf(Number(entry))[1]);
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(entry)]);
  }
  const family = [root];
  for (const pid of family) family.push(...(childrenOf.get(pid) ?? []));
  return family;
}

function ticksOf(pid: number): number {
  const fields = fieldsOf(pid);
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

/** The fields of /proc/PID/stat behind the name, which may hold spaces: state, parent, ... */
function fieldsOf(pid: number): string[] {
  const text = readProc(`${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** '' for a process that is gone. */
function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}
