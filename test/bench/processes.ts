/** The processes of a run: each pinned to its CPU, all of them ended with the run, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** The contestant has one CPU for itself; what it costs is not mixed with the load and the backends on the other. */
export type Cpu = typeof CONTESTANT_CPU | typeof LOAD_CPU | typeof BOTH_CPUS;
export const CONTESTANT_CPU = '0';
export const LOAD_CPU = '1';
/** Where workers are compared with each other, and must be able to run at the same time. */
export const BOTH_CPUS = '0,1';

const STOP_TIMEOUT_MS = 3_000;

/** Of what a process wrote on stderr, the end: enough to say why it failed. */
const LOG_CHARACTERS = 4_000;

/** What to start. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** In addition to the environment of the benchmark. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A process that runs until it is stopped. */
export interface Running {
  readonly pid: number;
  readonly hasEnded: () => boolean;
  /** The end of what it wrote on stderr. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

export class Processes implements AsyncDisposable {
  readonly #children = new Set<ChildProcess>();
  #isClosed = false;

  constructor() {
    // The last resort, for a bug in the benchmark: contestants that stay would spoil every run to come.
    process.on('exit', () => {
      for (const child of this.#children) child.kill('SIGKILL');
    });
  }

  /** Starts a program that runs until it is stopped. */
  start(cpu: Cpu, command: Command): Running {
    const { child, log } = this.#spawn(cpu, command);
    return {
      pid: child.pid ?? 0,
      hasEnded: () => hasEnded(child),
      log,
      stop: () => stop(child),
    };
  }

  /** Runs a program to its end and returns its stdout. @throws Error when it fails */
  async run(cpu: Cpu, command: Command): Promise<string> {
    const { child, log } = this.#spawn(cpu, command);
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await once(child, 'close');
    if (child.exitCode === 0) return output;
    throw new Error(
      `${command.file} ended with ${child.exitCode ?? child.signalCode}:\n${output}${log()}`,
    );
  }

  /** Ends all of them; whoever still wants to start one gets an error. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#children].map(stop));
  }

  #spawn(
    cpu: Cpu,
    { file, args, env }: Command,
  ): { readonly child: ChildProcess; readonly log: () => string } {
    if (this.#isClosed) throw new Error('the run is over');
    const child = spawn('taskset', ['-c', cpu, file, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    child.stdout.resume();
    child.stderr.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-LOG_CHARACTERS);
    });
    this.#children.add(child);
    child.on('error', (error) => (log += error.message));
    child.on('close', () => this.#children.delete(child));
    return { child, log: () => log };
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exit;
  clearTimeout(deadline);
}
