/** One connection to PostgreSQL, opened when it is needed and thrown away when anything goes wrong with it. */
import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { ClientContexts, clientTlsOptions } from '@lb/shared/net/client-tls';
import type { Client, ClientConfig } from 'pg';
import type { PostgresSettings } from '../persist-settings.ts';
import { PersistError } from '../sample.ts';
import { postgresLibrary } from './library.ts';

export type PostgresRow = Readonly<Record<string, unknown>>;

interface Open {
  readonly client: Client;
  /** Ours, so that it can be destroyed: a server that hangs never lets pg say goodbye. */
  readonly socket: Socket;
}

export class PostgresConnection {
  readonly #settings: PostgresSettings;
  readonly #contexts = new ClientContexts();
  #open: Open | undefined;
  /** Of the last query; the next one waits for it. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(settings: PostgresSettings) {
    this.#settings = settings;
  }

  /** One statement, or several without values, which are one transaction then. @throws PersistError */
  query(text: string, values: unknown[] | undefined, signal: AbortSignal): Promise<PostgresRow[]> {
    const answer = this.#last.then(() => this.#query(text, values, signal));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  /** Cuts what is under way. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open?.socket.connecting === true) open.socket.destroy();
    else if (open !== undefined) {
      // Says goodbye, and does not wait for what comes back.
      void open.client.end();
      open.socket.destroySoon();
    }
    await this.#last;
  }

  async #query(
    text: string,
    values: unknown[] | undefined,
    signal: AbortSignal,
  ): Promise<PostgresRow[]> {
    if (signal.aborted) throw new PersistError(TOO_LATE);
    const open = (this.#open ??= this.#make());
    const cut = (): void => this.#forget(open);
    signal.addEventListener('abort', cut);
    try {
      if (open.socket.pending) await open.client.connect();
      // Of several statements there are several results; then nobody asks for rows.
      const result = await open.client.query<PostgresRow>(text, values);
      return Array.isArray(result) ? [] : result.rows;
    } catch (error) {
      throw signal.aborted ? new PersistError(TOO_LATE) : this.#judge(error, open);
    } finally {
      signal.removeEventListener('abort', cut);
    }
  }

  #make(): Open {
    const { host, port, user, password, database } = this.#settings.url;
    const socket = new Socket();
    const config: ClientConfig = {
      host,
      port,
      user,
      database,
      // A function, so that neither ~/.pgpass nor PGPASSWORD is looked at: what counts stands in lb.yaml.
      password: () => password ?? '',
      ssl: this.#tls(),
      stream: () => socket,
      application_name: 'lbctl',
      keepAlive: true,
    };
    const { Client } = postgresLibrary();
    const client = new Client(config);
    const open = { client, socket };
    // Between two queries: the next one opens another.
    client.on('error', () => this.#forget(open));
    socket.on('error', () => this.#forget(open));
    return open;
  }

  #tls(): ConnectionOptions | false {
    const { url, tls } = this.#settings;
    if (url.sslMode === 'disable') return false;
    const verify = url.sslMode !== 'require';
    const options = clientTlsOptions({ ...tls, verify }, url.host, this.#contexts);
    return {
      ...options,
      ALPNProtocols: ['postgresql'],
      ...(url.sslMode === 'verify-ca' && { checkServerIdentity: () => undefined }),
    };
  }

  #forget(open: Open): void {
    if (this.#open === open) this.#open = undefined;
    open.socket.destroy();
  }

  /** An error of a statement leaves the connection as good as it was; any other does not. */
  #judge(error: unknown, open: Open): PersistError {
    const { DatabaseError } = postgresLibrary();
    if (!(error instanceof DatabaseError)) {
      this.#forget(open);
      return new PersistError(reasonOf(error));
    }
    const { code = '', message, severity } = error;
    // FATAL, and whatever it is called in the language of the server.
    if (severity !== 'ERROR') this.#forget(open);
    return new PostgresError(`${message} (${code})`, code);
  }
}

/** What the server says to a statement, with its SQLSTATE. */
export class PostgresError extends PersistError {
  readonly code: string;

  constructor(message: string, code: string) {
    // Class 22: data that cannot be stored. 23: constraints; 23514 is a missing partition, which is made the next time.
    super(message, /^2[23]/.test(code) && code !== NO_PARTITION);
    this.code = code;
  }
}

/** check_violation: no partition takes the row. */
export const NO_PARTITION = '23514';

const TOO_LATE = 'no answer in time';

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Of several addresses that were tried: what came of the last.
  const { code = '' } = error as NodeJS.ErrnoException;
  const last: unknown = error instanceof AggregateError ? error.errors.at(-1) : undefined;
  return (last instanceof Error ? last.message : error.message) || code;
}
