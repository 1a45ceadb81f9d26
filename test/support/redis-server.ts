/** Real Redis servers, each in a folder of its own, which end with the test that started them. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';

const run = promisify(execFile);

export interface RedisOptions {
  /** Besides its Unix socket. */
  readonly port?: number;
  /** More of its configuration, as on its command line: `['--requirepass', 'secret']`. */
  readonly args?: readonly string[];
  /** What redis-cli needs to get in. */
  readonly cliArgs?: readonly string[];
  /** Makes a Sentinel of it, which reads this and rewrites it. */
  readonly sentinelConfig?: string;
}

export class RedisServer implements AsyncDisposable {
  /** Where it may write; gone with it. */
  readonly directory = mkdtempSync(join(tmpdir(), 'lb-redis-'));
  readonly #options: RedisOptions;
  #process: ChildProcess | undefined;

  constructor(options: RedisOptions) {
    this.#options = options;
  }

  get socketPath(): string {
    return join(this.directory, 'redis.sock');
  }

  /** `unix:/...`, as in store.url. */
  get url(): string {
    return `unix:${this.socketPath}`;
  }

  /** @throws Error when it does not answer within seconds */
  async start(): Promise<void> {
    const child = spawn('redis-server', this.#arguments(), { stdio: 'ignore' });
    this.#process = child;
    const [error] = (await Promise.race([once(child, 'spawn'), once(child, 'error')])) as [unknown];
    if (error !== undefined) {
      throw new Error('these tests need Redis: apt-get install redis-server', { cause: error });
    }
    await eventually(() => this.cli('ping'));
  }

  #arguments(): string[] {
    const { port = 0, args = [], sentinelConfig } = this.#options;
    const own = { port: String(port), unixsocket: this.socketPath, bind: '127.0.0.1' };
    if (sentinelConfig === undefined) {
      const settings = { ...own, dir: this.directory, save: '', appendonly: 'no' };
      return [...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]), ...args];
    }
    const file = join(this.directory, 'sentinel.conf');
    const lines = Object.entries(own).map(([key, value]) => `${key} ${value}\n`);
    writeFileSync(file, `${lines.join('')}${sentinelConfig}`);
    return [file, '--sentinel', ...args];
  }

  /** What redis-cli says to a command. @throws Error when it is an error */
  async cli(...command: readonly string[]): Promise<string> {
    const { cliArgs = [] } = this.#options;
    const { stdout } = await run('redis-cli', [
      '-e',
      '-s',
      this.socketPath,
      ...cliArgs,
      ...command,
    ]);
    return stdout.trimEnd();
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal);
  }

  /** As a crash does it, and waits for the end. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child?.pid === undefined) return;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A server that answers. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const server = new RedisServer(options);
  try {
    await server.start();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
