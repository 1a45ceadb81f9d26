/** What the kernel says of the sockets of a process, in whatever network namespace that is. Linux alone. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** TCP_LISTEN */
const LISTENING = '0A';

/** An IPv4 socket. */
interface KernelSocket {
  readonly localPort: number;
  readonly remotePort: number;
  readonly state: string;
  readonly inode: string;
}

/** Ports of the clients whose connections to `port` this process has accepted; exact while it is stopped. */
export function clientPorts(pid: number, port: number): Set<number> {
  const own = new Set(openSockets(pid));
  const accepted = socketsAround(pid).filter(
    ({ localPort, state, inode }) => localPort === port && state !== LISTENING && own.has(inode),
  );
  return new Set(accepted.map(({ remotePort }) => remotePort));
}

/** How many descriptors of the process are of a socket that listens on `port`. */
export function acceptingPlaces(pid: number, port: number): number {
  const listening = new Set(
    socketsAround(pid)
      .filter(({ localPort, state }) => localPort === port && state === LISTENING)
      .map(({ inode }) => inode),
  );
  return openSockets(pid).filter((inode) => listening.has(inode)).length;
}

/** Whether anybody listens on the port, as the process sees it. */
export function isListening(pid: number, port: number): boolean {
  return socketsAround(pid).some(
    ({ localPort, state }) => localPort === port && state === LISTENING,
  );
}

/** Whether a SIGSTOP has arrived: it may go on for a moment on another CPU. */
export function isStopped(pid: number): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** Inodes of the sockets that the process holds; one that it holds twice comes twice. */
function openSockets(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(target(`${folder}/${fd}`))?.[1];
    return inode === undefined ? [] : [inode];
  });
}

/** All in the network that the process is in. */
function socketsAround(pid: number): KernelSocket[] {
  const [, ...lines] = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n');
  return lines.map((line) => {
    // place, local, remote, state, queues, timer, retransmits, uid, timeout, inode
    const words = line.trim().split(/\s+/);
    const [, local = '', remote = '', state = ''] = words;
    return {
      localPort: portOf(local),
      remotePort: portOf(remote),
      state,
      inode: words[9] ?? '',
    };
  });
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
