/**
 * Where contestants meet: the folder of a run, the backends, and the two CPUs.
 *
 *     wrk, h2load ──▶ contestant ──▶ backends
 *        CPU 1          CPU 0         CPU 1
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { backendAddresses, backendsCommand } from './backends.ts';
import type { Contestant } from './contestants/contestant.ts';
import type { Load } from './load/load.ts';
import type { Options } from './options.ts';
import { Ports } from './ports.ts';
import { redisCommand } from './redis.ts';
import { BOTH_CPUS, CONTESTANT_CPU, LOAD_CPU, Processes, type Running } from './processes.ts';
import { findTool } from './tools.ts';

/** On a disk, unlike the system's temporary folder in places: access logs are written here. */
const RESULTS = fileURLToPath(new URL('results/', import.meta.url));

const READY_TIMEOUT_MS = 20_000;
const READY_POLL_MS = 50;

/** A contestant that runs. */
export interface Entrant {
  readonly contestant: Contestant;
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Its own. */
  readonly folder: string;
  readonly stop: () => Promise<void>;
}

export class Arena implements AsyncDisposable {
  readonly options: Options;
  readonly processes = new Processes();
  /** For files of this run; removed with it. */
  readonly folder: string;
  readonly #ports = new Ports();
  #backendPort = 0;

  private constructor(options: Options) {
    this.options = options;
    mkdirSync(RESULTS, { recursive: true });
    this.folder = mkdtempSync(join(RESULTS, 'run-'));
  }

  /** With the backends running. */
  static async open(options: Options): Promise<Arena> {
    const arena = new Arena(options);
    arena.#backendPort = await arena.#ports.take();
    const command = backendsCommand(findTool('nginx') ?? '', arena.folder, arena.#backendPort);
    arena.processes.start(LOAD_CPU, command);
    return arena;
  }

  /** Starts contestants, those whose program is installed, and returns when each has answered the load rightly. */
  async enter(
    contestants: readonly Contestant[],
    load: Load,
    env: Readonly<Record<string, string>> = {},
  ): Promise<readonly Entrant[]> {
    const entrants: Entrant[] = [];
    for (const contestant of contestants) {
      if (contestant.needs !== undefined && findTool(contestant.needs) === undefined) continue;
      const entrant = await this.#start(contestant, env);
      await readyFor(load, entrant);
      entrants.push(entrant);
    }
    return entrants;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.processes[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #start(
    contestant: Contestant,
    env: Readonly<Record<string, string>>,
  ): Promise<Entrant & Running> {
    const { name, needs, backends, spansCpus = false } = contestant;
    const port = await this.#ports.take();
    const folder = join(this.folder, `${port}`);
    mkdirSync(folder);
    const redisSocket = join(folder, 'redis.sock');
    if (needs === 'redis-server')
      this.processes.start(LOAD_CPU, redisCommand(findTool(needs) ?? '', redisSocket));
    const command = contestant.command({
      folder,
      port,
      backends: backendAddresses(this.#backendPort, backends),
      tool: needs === undefined ? '' : (findTool(needs) ?? ''),
      redisSocket,
    });
    const running = this.processes.start(spansCpus ? BOTH_CPUS : CONTESTANT_CPU, {
      ...command,
      env: { ...command.env, ...env },
    });
    return { contestant, name, port, folder, ...running };
  }
}

/** Waits for the first answer, and looks at it. @throws Error when there is none or it is not the backend's */
async function readyFor(load: Load, { name, port, hasEnded, log }: Entrant & Running) {
  const url = `http://127.0.0.1:${port}${load.path}`;
  const body = 'x'.repeat(load.postBytes);
  const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
  while (!signal.aborted) {
    // Another program may have taken the port, and would be measured in its place.
    if (hasEnded()) throw new Error(`${name} ended before its first answer:\n${log()}`);
    const answer = await fetch(url, load.postBytes > 0 ? { method: 'POST', body } : {}).catch(
      () => undefined,
    );
    const bytes = (await answer?.arrayBuffer())?.byteLength;
    if (answer?.status === 200 && bytes === load.answerBytes) return;
    // A balancer may answer 503 until it knows its backends; anything else is final.
    if (answer !== undefined && answer.status < 500)
      throw new Error(`${name} answers ${url} with ${answer.status} and ${bytes} bytes`);
    await pause(READY_POLL_MS);
  }
  throw new Error(`${name} does not answer ${url}:\n${log()}`);
}
