/** Backends as processes of their own, so that one can be killed as a machine would kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Answers every request with its name. */
const PROGRAM = fileURLToPath(new URL('backend-program.mjs', import.meta.url));

/** How to start them. */
export interface BackendLaunch {
  /** Of a program that takes a name, a port and `args`, and sends its port. */
  readonly path?: string;
  /** One for each; without them the kernel chooses. */
  readonly ports?: readonly number[];
  /** For each by its place. */
  readonly args?: (place: number) => readonly string[];
  /** A program that starts it, with its arguments: nsenter, taskset. */
  readonly through?: readonly string[];
}

/** A running backend. */
export interface BackendProcess extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  /** SIGKILL, and resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Sends it a message, and resolves when it has answered. */
  tell(message: object): Promise<void>;
}

/** Starts a backend on a free port of 127.0.0.1. */
async function startBackendProcess(
  name: string,
  spawnAt: (port: number) => ChildProcess,
  wanted = 0,
): Promise<BackendProcess> {
  let child = spawnAt(wanted);
  const port = await portOf(child);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return {
    name,
    port,
    url: `http://127.0.0.1:${port}`,
    kill,
    restart: async () => {
      child = spawnAt(port);
      await portOf(child);
    },
    signal: (signal) => void child.kill(signal),
    tell: async (message) => {
      child.send(message);
      await once(child, 'message');
    },
    [Symbol.asyncDispose]: kill,
  };
}

/** Starts several, named a, b, c, ... */
export async function startBackendProcesses(
  count: number,
  launch: BackendLaunch = {},
): Promise<readonly BackendProcess[] & AsyncDisposable> {
  const { path = PROGRAM, ports = [], args = () => [], through = [] } = launch;
  const names = Array.from({ length: count }, (_, place) => String.fromCharCode(97 + place));
  const backends = await Promise.all(
    names.map((name, place) => {
      const spawnAt = (port: number): ChildProcess =>
        spawnNode([path, name, String(port), ...args(place)], through);
      return startBackendProcess(name, spawnAt, ports[place]);
    }),
  );
  return Object.assign(backends, {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(backends.map((backend) => backend.kill()));
    },
  });
}

function spawnNode(args: readonly string[], through: readonly string[]): ChildProcess {
  const [file = process.execPath, ...rest] = [...through, process.execPath, ...args];
  return spawn(file, rest, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env: {} });
}

async function portOf(child: ChildProcess): Promise<number> {
  const [port] = (await once(child, 'message')) as [number];
  return port;
}
