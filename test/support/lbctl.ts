/** The built lbctl as a real process: what the cluster tests start, reload, kill and stop. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AdminClient } from '@lb/shared/admin-api/client';
import type { PoolReply, StatusReply } from '@lb/shared/admin-api/contract';
import { eventually } from './eventually.ts';

const BIN = fileURLToPath(new URL('../../packages/primary/bin/lbctl.js', import.meta.url));

/** Three processes that load their code; on a busy machine that takes a while. */
const START_MS = 20_000;

/** A finished command. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running instance, and the folder its files are in. */
export interface Instance extends AsyncDisposable {
  readonly folder: string;
  readonly configPath: string;
  readonly child: ChildProcess;
  readonly admin: AdminClient;
  /** Port of the first listener. */
  readonly port: number;
  /** What it wrote on stderr so far. */
  log(): string;
  status(): Promise<StatusReply>;
  pool(name: string): Promise<PoolReply>;
  workerPids(): Promise<readonly number[]>;
  /** Sum over the series of a metric whose labels hold this text. */
  metric(name: string, labels?: string): Promise<number>;
  /** Writes the configuration file anew, without reloading. */
  write(yaml: string): Promise<void>;
  /** Runs another lbctl against this instance. */
  run(...args: string[]): Promise<CommandResult>;
}

/** Runs lbctl to its end. */
async function runLbctl(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [BIN, ...args], { env: cleanEnvironment(env) });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

/** How an instance is started that is not simply run. */
export interface Launch {
  /** A program that starts it, with its arguments: nsenter, prlimit. */
  readonly through?: readonly string[];
  /** A listening socket that it is handed under the name `web`. */
  readonly fd?: number | undefined;
  /** Of its admin section, beside the socket. */
  readonly admin?: string;
}

/** Hundreds of processes compile the same two files. */
export const NODE_COMPILE_CACHE = resolve('node_modules/.cache/lbctl-compile');

/** Becomes lbctl, as what systemd starts does: the process knows by its own id that the sockets are for it. */
const ACTIVATED = ['/bin/sh', '-c', 'LISTEN_PID=$$ exec "$0" "$@"'];

/**
 * Starts an instance and waits until it runs. `admin` is filled in; the access log is off unless the text has a `log`
 * section.
 * @param env variables of its environment beside PATH and HOME
 */
export async function startLbctl(
  yaml: string,
  env: NodeJS.ProcessEnv = {},
  { through = [], fd, admin: adminKeys = 'bind: 127.0.0.1:0' }: Launch = {},
): Promise<Instance> {
  const folder = await mkdtemp(join(tmpdir(), 'lbctl-test-'));
  const configPath = join(folder, 'lb.yaml');
  const socketPath = join(folder, 'lb.sock');
  const adminSection = `admin: { ${adminKeys}, socket: ${socketPath} }\n`;
  const write = (text: string): Promise<void> =>
    writeFile(configPath, complete(text, adminSection));
  await write(yaml);
  const isActivated = fd !== undefined;
  const program = [...through, ...(isActivated ? ACTIVATED : []), process.execPath];
  const [command, ...words] = [...program, BIN, 'start', '-c', configPath];
  const activation = isActivated ? { LISTEN_FDS: '1', LISTEN_FDNAMES: 'web' } : {};
  const child = spawn(command, words, {
    env: cleanEnvironment({ ...activation, ...env }),
    stdio: ['ignore', 'ignore', 'pipe', ...(isActivated ? [fd] : [])],
  });
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const admin = new AdminClient({ socketPath });
  const status = (): Promise<StatusReply> => admin.get<StatusReply>('/api/v1/status');
  const started = await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`lbctl ended with ${child.exitCode}:\n${log}`);
    const reply = await status();
    if (reply.state !== 'running') throw new Error(`lbctl is ${reply.state}:\n${log}`);
    return reply;
  }, START_MS).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    folder,
    configPath,
    child,
    admin,
    port: Number(/:(\d+)$/.exec(started.listeners[0]?.address ?? '')?.[1] ?? 0),
    log: () => log,
    status,
    pool: (name) => admin.get<PoolReply>(`/api/v1/pools/${name}`),
    workerPids: async () => (await status()).workers.map(({ pid }) => pid),
    metric: async (name, labels = '') => sumOf(await admin.get<string>('/metrics'), name, labels),
    write,
    run: (...args) => runLbctl([...args, '--socket', socketPath]),
    async [Symbol.asyncDispose]() {
      const pids = await status().then(
        ({ workers }) => workers.map(({ pid }) => pid),
        () => [],
      );
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGQUIT');
        await once(child, 'exit');
      }
      await eventually(() => {
        if (pids.some(isAlive))
          throw new Error(`workers outlive their primary: ${pids.join(', ')}`);
      });
      await rm(folder, { recursive: true });
    },
  };
}

/** Whether a process of that id runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH: no such process.
    return false;
  }
}

function complete(text: string, admin: string): string {
  // A busy machine makes workers late, and a test is not about that unless it says so.
  const overload = /^overload:/m.test(text) ? '' : 'overload: { eventLoopDelay: 0s }\n';
  return (
    (/^log:/m.test(text) ? '' : 'log: { access: { enabled: false } }\n') + overload + admin + text
  );
}

/** What a shell would give, without what jest adds for itself and without a configuration of the machine. */
function cleanEnvironment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, NODE_COMPILE_CACHE, ...extra };
}

function sumOf(text: string, name: string, labels: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
