/** A real InfluxDB 1, in a folder of its own; it ends with the test that started it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

export class InfluxServer implements AsyncDisposable {
  readonly port: number;
  readonly #directory = mkdtempSync(join(tmpdir(), 'lb-influx-'));
  #process: ChildProcess | undefined;

  constructor(port: number) {
    this.port = port;
  }

  /** As in metrics.persist.url. */
  url(user = 'lb', password = 'secret', database = 'lb'): string {
    return `http://${user}:${password}@127.0.0.1:${this.port}/?db=${database}`;
  }

  /** With a user `lb` and a database `lb`. @throws Error when it does not answer within seconds */
  async start(): Promise<void> {
    const file = join(this.#directory, 'influxdb.conf');
    writeFileSync(file, this.#configuration(await freePort()));
    const child = spawn('influxd', ['run', '-config', file], { stdio: 'ignore' });
    this.#process = child;
    const [error] = (await Promise.race([once(child, 'spawn'), once(child, 'error')])) as [unknown];
    if (error !== undefined)
      throw new Error('these tests need InfluxDB: apt-get install influxdb', { cause: error });
    await eventually(() => fetch(`http://127.0.0.1:${this.port}/ping`), 20_000);
    // The very first question needs no user.
    await this.query(`CREATE USER "lb" WITH PASSWORD 'secret' WITH ALL PRIVILEGES`, '');
    await this.query('CREATE DATABASE "lb"');
  }

  /** What a statement gives, row by row. @throws Error with what the server says */
  async query(q: string, db = 'lb'): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const words = new URLSearchParams({ q, epoch: 'ms', u: 'lb', p: 'secret', db });
    const where = `http://127.0.0.1:${this.port}/query?${words.toString()}`;
    const answer = await fetch(where, { method: 'POST' });
    const { results, error } = (await answer.json()) as {
      error?: string;
      results?: { error?: string; series?: { columns: string[]; values: unknown[][] }[] }[];
    };
    const failure = error ?? results?.[0]?.error;
    if (failure !== undefined) throw new Error(failure);
    return (results?.[0]?.series ?? []).flatMap(({ columns, values }) =>
      values.map((row) => Object.fromEntries(columns.map((name, place) => [name, row[place]]))),
    );
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal);
  }

  #configuration(rpcPort: number): string {
    const folder = (name: string): string => JSON.stringify(join(this.#directory, name));
    return `
reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
dir = ${folder('meta')}
[data]
dir = ${folder('data')}
wal-dir = ${folder('wal')}
[http]
bind-address = "127.0.0.1:${this.port}"
auth-enabled = true
log-enabled = false
`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process;
    if (child?.pid !== undefined && child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** A server that answers. */
export async function startInflux(): Promise<InfluxServer> {
  const server = new InfluxServer(await freePort());
  try {
    await server.start();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
