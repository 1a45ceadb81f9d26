/** Which clients a process is connected to, by what the kernel says. Linux alone. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Ports of the clients whose connections to `port` this process has accepted; exact while it is stopped. */
export function clientPorts(pid: number, port: number): Set<number> {
  const folder = `/proc/${pid}/fd`;
  const own = new Set(
    readdirSync(folder).map((fd) => /^socket:\[(\d+)\]$/.exec(target(`${folder}/${fd}`))?.[1]),
  );
  const [, ...lines] = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n');
  const ports = lines.map((line) => {
    // place, local, remote, state, queues, timer, retransmits, uid, timeout, inode
    const [, local = '', remote = '', , , , , , , inode] = line.trim().split(/\s+/);
    return own.has(inode) && portOf(local) === port ? portOf(remote) : 0;
  });
  return new Set(ports.filter((remote) => remote > 0));
}

/** Whether a SIGSTOP has arrived: it may go on for a moment on another CPU. */
export function isStopped(pid: number): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** `0100007F:1F90` */
function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}

function target(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since the folder was read.
    return '';
  }
}
