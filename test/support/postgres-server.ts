/** A real PostgreSQL, in a folder of its own, on a Unix socket there; it ends with the test that started it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

const run = promisify(execFile);

/** Where Debian has the programs of the server, the newest version first. */
const DEBIAN = '/usr/lib/postgresql';

/** One that nobody lies awake for. */
const CARELESS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

export class PostgresServer implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'lb-postgres-'));
  readonly #programs: string;
  readonly #identity: Identity;
  readonly #settings: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;
  #port = 0;

  constructor(programs: string, identity: Identity, settings: Readonly<Record<string, string>>) {
    this.#programs = programs;
    this.#identity = identity;
    this.#settings = settings;
  }

  get port(): number {
    return this.#port;
  }

  /** As in metrics.persist.url. Everybody who reaches the socket may come in. */
  get url(): string {
    return `postgres://lb@:${this.#port}/lb?host=${this.directory}`;
  }

  /** By TCP, where a password is asked for. */
  urlOf(user: string, password: string, query = ''): string {
    return `postgres://${user}:${password}@127.0.0.1:${this.#port}/lb${query}`;
  }

  /** Makes the cluster, and the database `lb` in it; `start` starts it. */
  async create(): Promise<void> {
    const { uid, gid } = this.#identity;
    if (uid !== undefined && gid !== undefined) chownSync(this.directory, uid, gid);
    chmodSync(this.directory, 0o755);
    this.#port = await freePort();
    const options = ['-U', 'lb', '--auth-local=trust', '--auth-host=scram-sha-256'];
    await run(
      join(this.#programs, 'initdb'),
      ['-D', join(this.directory, 'data'), '--no-sync', '-E', 'UTF8', ...options],
      this.#identity,
    );
    await this.start();
    await this.sql('CREATE DATABASE lb', 'postgres');
  }

  async start(): Promise<void> {
    const settings = { ...CARELESS, unix_socket_directories: this.directory, ...this.#settings };
    const words = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    this.#process = spawn(
      join(this.#programs, 'postgres'),
      ['-D', join(this.directory, 'data'), '-h', '127.0.0.1', '-p', String(this.#port), ...words],
      { stdio: 'ignore', ...this.#identity },
    );
    await eventually(() => this.sql('SELECT 1', 'postgres'), 20_000);
  }

  /** Speaks TLS as well from now on, to who asks for it. */
  async useTls(cert: string, key: string): Promise<void> {
    const { uid, gid } = this.#identity;
    for (const [name, pem] of Object.entries({ cert, key })) {
      const file = join(this.directory, `${name}.pem`);
      writeFileSync(file, pem, { mode: 0o600 });
      if (uid !== undefined && gid !== undefined) chownSync(file, uid, gid);
      await this.sql(`ALTER SYSTEM SET ssl_${name}_file = '${file}'`);
    }
    await this.sql('ALTER SYSTEM SET ssl = on');
    await this.sql('SELECT pg_reload_conf()');
    await eventually(async () => {
      if ((await this.sql('SHOW ssl')) !== 'on') throw new Error('no TLS yet');
    });
  }

  /** What psql says, without any ornament. @throws Error with what the server says */
  async sql(text: string, database = 'lb'): Promise<string> {
    const where = ['-h', this.directory, '-p', String(this.#port), '-U', 'lb', '-d', database];
    const { stdout } = await run('psql', [...where, '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', text]);
    return stdout.trimEnd();
  }

  /** Ends at once, without a word to its clients. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child?.pid === undefined || child.exitCode !== null) return;
    child.kill('SIGQUIT');
    await once(child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A server with an empty database `lb`. @param settings of postgresql.conf */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const server = new PostgresServer(findPrograms(), await findIdentity(), settings);
  try {
    await server.create();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

function findPrograms(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const [newest] = versions.sort((left, right) => Number(right) - Number(left));
  if (newest === undefined)
    throw new Error('these tests need PostgreSQL: apt-get install postgresql');
  return join(DEBIAN, newest, 'bin');
}

/** PostgreSQL refuses to run as root: then it runs as the user that Debian made for it. */
async function findIdentity(): Promise<Identity> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)),
  );
  return { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
}
