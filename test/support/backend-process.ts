/** Backends as processes of their own, so that one can be killed as a machine would kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('backend-program.mjs', import.meta.url));

/** A running backend that answers every request with its name. */
export interface BackendProcess extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  /** SIGKILL, and resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
}

/** Starts a backend on a free port of 127.0.0.1. */
async function startBackendProcess(name: string, program: string): Promise<BackendProcess> {
  let child = spawnBackend(program, name, 0);
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
      child = spawnBackend(program, name, port);
      await portOf(child);
    },
    [Symbol.asyncDispose]: kill,
  };
}

/** Starts several, named a, b, c, ... @param program path of one that takes a name and a port, and sends its port */
export async function startBackendProcesses(
  count: number,
  program: string = PROGRAM,
): Promise<readonly BackendProcess[] & AsyncDisposable> {
  const names = Array.from({ length: count }, (_, place) => String.fromCharCode(97 + place));
  const backends = await Promise.all(names.map((name) => startBackendProcess(name, program)));
  return Object.assign(backends, {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(backends.map((backend) => backend.kill()));
    },
  });
}

function spawnBackend(program: string, name: string, port: number): ChildProcess {
  return spawn(process.execPath, [program, name, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {},
  });
}

async function portOf(child: ChildProcess): Promise<number> {
  const [port] = (await once(child, 'message')) as [number];
  return port;
}
